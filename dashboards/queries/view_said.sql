-- First of what follows WITH: `said`, rows of edges between processes in [from, to): from the roll-ups as far as they are
-- asked for, whole hours before whole minutes, and then from the windows. Parameters: from, to, hours_to, minutes_to, up to
-- where each roll-up is read, in ms; addresses and texts, of which an end has one in its address or in who it is, unless
-- `any` is 1.
-- include view_told
    window -> toUnixTimestamp64Milli(window) AS moment,
-- include view_concerns
    said AS
    (
        SELECT hour AS window, * EXCEPT (hour, width_ms, first, last, version, gone, client_out_of_order_segments, server_out_of_order_segments)
        FROM edges_1h FINAL
        WHERE hour >= told[3] AND hour < told[4]
        UNION ALL
        SELECT minute AS window, * EXCEPT (minute, width_ms, first, last, version, gone, client_out_of_order_segments, server_out_of_order_segments)
        FROM edges_1m FINAL
        WHERE minute >= told[4] AND minute < told[2]
        UNION ALL
        SELECT first AS window, * EXCEPT (width_ms, first, last)
        FROM
        (
-- include map_windows
        )
    ),
