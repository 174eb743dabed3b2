-- For other queries to include, after WITH: `spans`, the edges between processes in [from, to), each row of a window, a
-- minute or an hour. Whole hours and minutes come from the roll-ups, up to the newest that are told; what is left at
-- both ends comes from the windows themselves, so that nothing is missing and nothing counts twice. Two rows may tell of the
-- same edge and time (map_windows), so connections_active of an edge is the sum of those that are last.
-- Parameters: from, to in ms.
-- include map_told
    window -> toUInt8(0) AS moment,  -- all windows at once
    (a_who, a_address, b_who, b_address) -> 1 AS concerns,
    spans AS
    (
        SELECT * EXCEPT (hour, version, gone, client_out_of_order_segments, server_out_of_order_segments) FROM edges_1h FINAL
        WHERE hour >= told[3] AND hour < told[4]
        UNION ALL
        SELECT * EXCEPT (minute, version, gone, client_out_of_order_segments, server_out_of_order_segments) FROM edges_1m FINAL
        WHERE minute >= told[1] AND minute < told[2] AND (minute < told[3] OR minute >= told[4])
        UNION ALL
-- include map_windows
    ),
