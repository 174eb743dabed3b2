"""Each rule on what must fire, and on what comes close and must not: threshold and labels are the rule's own."""

import pytest

from tests.alerts.conftest import NOW, Fires
from tests.alerts.scene import MINUTE, Scene

HOUR, DAY = 60 * MINUTE, 24 * 60 * MINUTE
FIVE = (NOW - 3 * MINUTE) // (5 * MINUTE) * 5 * MINUTE - 5 * MINUTE  # the last five minutes that are rolled up
WEB_DB = (("client", "shop"), ("server", "postgres"), ("port", "tcp 5432"))


def test_a_host_that_reports_nothing_while_others_go_on_is_silent(scene: Scene, fires: Fires) -> None:
    scene.is_host("db", NOW - 20 * MINUTE)
    scene.reports("web", NOW - 20 * MINUTE, NOW)
    scene.reports("db", NOW - 20 * MINUTE, NOW - 5 * MINUTE)

    assert fires("host-silent") == {(("host_id", "id-db"), ("host", "db")): 300}


def test_a_switch_whose_hosts_all_fell_silent_is_named_until_one_is_back(scene: Scene, fires: Fires) -> None:
    scene.is_at("sw-rack-12", NOW - 20 * MINUTE, "web", "db")
    scene.reports("spare", NOW - 20 * MINUTE, NOW)
    scene.reports("web", NOW - 20 * MINUTE, NOW - 5 * MINUTE)
    scene.reports("db", NOW - 20 * MINUTE, NOW - 4 * MINUTE)
    named = (("switch_id", "link:id-sw-rack-12"), ("switch", "sw-rack-12"), ("hosts", "2"), ("names", "id-db, id-web"))
    assert fires("switch-suspected") == {named: 240}

    scene.reports("db", NOW - 2 * MINUTE, NOW)
    assert fires("switch-suspected") == {}


def test_a_switch_with_a_host_that_reports_is_not_suspected(scene: Scene, fires: Fires) -> None:
    scene.is_at("sw-rack-12", NOW - 20 * MINUTE, "web", "db", "spare")
    scene.reports("spare", NOW - 20 * MINUTE, NOW)
    for host in ("web", "db"):
        scene.reports(host, NOW - 20 * MINUTE, NOW - 5 * MINUTE)

    assert fires("switch-suspected") == {}


def test_a_collector_that_goes_on_to_fail_fires_and_one_that_failed_for_a_moment_is_not(
    scene: Scene, fires: Fires
) -> None:
    scene.is_host("db", NOW - 20 * MINUTE)
    scene.reports("web", NOW - 20 * MINUTE, NOW - MINUTE)
    scene.reports("web", NOW - MINUTE, NOW, owners="OSError: no")
    scene.reports("db", NOW - 20 * MINUTE, NOW - 2 * MINUTE)
    scene.reports("db", NOW - 2 * MINUTE, NOW, owners="OSError: no")

    assert fires("collector-failed") == {(("host_id", "id-db"), ("host", "db"), ("collector", "owners")): 120}


def test_a_host_id_of_two_fires_until_one_of_them_no_longer_reports(scene: Scene, fires: Fires) -> None:
    copy, second = ("host:id-web-c1011e00-1", "host:id-web"), ("host:id-web", "agent:17")
    scene.happens("host_id_shared", NOW - HOUR - MINUTE, *copy, "web and its copy")
    scene.happens("host_id_shared", NOW - HOUR, *second, "web and web again")
    assert fires("host-id-shared") == {
        (("host_id", "id-web"), ("agents", "web and its copy")): 1,
        (("host_id", "id-web"), ("agents", "web and web again")): 1,
    }

    scene.happens("host_id_unshared", NOW - MINUTE, *second, "web alone")
    assert fires("host-id-shared") == {(("host_id", "id-web"), ("agents", "web and its copy")): 1}

    scene.happens("host_id_unshared", NOW - MINUTE, *copy, "web alone")
    assert fires("host-id-shared") == {}

    scene.happens("host_id_shared", NOW - 3 * HOUR, "host:id-web", "agent:9", "nobody reports it any more")
    assert fires("host-id-shared") == {}


def test_hosts_that_are_all_late_are_not_silent_but_the_pipeline_is_late(scene: Scene, fires: Fires) -> None:
    for host in ("web", "db"):
        scene.reports(host, NOW - 20 * MINUTE, NOW - 5 * MINUTE)
        scene.runs(host, "shop", NOW - 6 * MINUTE)

    assert fires("host-silent") == {}
    assert fires("pipeline-late") == {(("stage", "facts"),): 300}


def test_a_host_that_was_taken_away_is_no_longer_expected(scene: Scene, fires: Fires) -> None:
    scene.reports("web", NOW - 20 * MINUTE, NOW)
    scene.reports("db", NOW - 25 * 60 * MINUTE, NOW - 24 * 60 * MINUTE)

    assert fires("host-silent") == {}


def test_facts_that_nobody_folds_make_the_map_late(scene: Scene, fires: Fires) -> None:
    scene.reports("web", NOW - 20 * MINUTE, NOW)
    scene.runs("web", "shop", NOW - 10 * MINUTE)

    assert fires("pipeline-late") == {(("stage", "map"),): 600}


def test_a_worker_that_never_ran_makes_the_map_late_as_well(scene: Scene, fires: Fires) -> None:
    scene.reports("web", NOW - 20 * MINUTE, NOW)

    assert fires("pipeline-late") == {(("stage", "map"),): 1200}


def test_a_map_up_to_a_minute_old_is_not_late(scene: Scene, fires: Fires) -> None:
    scene.reports("web", NOW - 20 * MINUTE, NOW - MINUTE)
    scene.runs("web", "shop", NOW - 2 * MINUTE)

    assert fires("pipeline-late") == {}


def test_connections_that_fail_fire(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 4 * MINUTE, NOW, opened=10, failed=5)

    assert fires("connections-failed") == {WEB_DB: 0.5}


def test_a_server_that_refuses_everything_fires_although_nothing_is_opened(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * MINUTE, NOW, failed=5)

    assert fires("connections-failed") == {WEB_DB: 1}


def test_a_few_failed_connections_do_not_fire(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 4 * MINUTE, NOW, opened=1, failed=1)
    scene.talks("shop@web", "cache@db", NOW - 4 * MINUTE, NOW, port=6379, opened=100, failed=10)

    assert fires("connections-failed") == {}


def test_connections_that_failed_long_ago_do_not_fire(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 30 * MINUTE, NOW - 10 * MINUTE, opened=10, failed=9)

    assert fires("connections-failed") == {}


def test_records_that_cannot_be_used_fire_and_are_counted_once_however_many_sinks_report(
    scene: Scene, fires: Fires
) -> None:
    scene.buries(NOW - 4 * MINUTE, NOW - 2 * MINUTE, 3, "one", "two")
    scene.buries(NOW - 2 * MINUTE, NOW, 0, "one", "two")

    assert fires("dead-letters") == {(("topic", "dead-letters"),): 6}


def test_when_all_records_can_be_used_or_could_for_a_while_nothing_fires(scene: Scene, fires: Fires) -> None:
    assert fires("dead-letters") == {}

    scene.buries(NOW - 30 * MINUTE, NOW - 20 * MINUTE, 3, "one")
    scene.buries(NOW - 20 * MINUTE, NOW, 0, "one")

    assert fires("dead-letters") == {}


def test_a_burst_of_http_errors_fires_though_every_connection_stands(scene: Scene, fires: Fires) -> None:
    scene.asks("shop@web", "postgres@db", NOW - 3 * MINUTE, NOW, {"GET 2xx": 16, "POST 5xx": 4})

    assert fires("requests-failed") == {WEB_DB: 0.2}
    assert fires("connections-failed") == {}


def test_requests_that_are_never_answered_fail_as_well(scene: Scene, fires: Fires) -> None:
    scene.asks("shop@web", "postgres@db", NOW - 3 * MINUTE, NOW, {}, unanswered=6)
    scene.asks("10.9.9.9", "cache@db", NOW - 3 * MINUTE, NOW, {"GET 2xx": 6}, unanswered=6, port=6379)

    from_outside = (("client", "10.9.9.9"), ("server", "cache"), ("port", "tcp 6379"))
    assert fires("requests-failed") == {WEB_DB: 1, from_outside: 0.5}


def test_a_client_that_no_process_is_known_of_is_named_by_its_host(scene: Scene, fires: Fires) -> None:
    scene.is_host("web", NOW - 5 * MINUTE)
    scene.asks("@web", "postgres@db", NOW - 3 * MINUTE, NOW, {"GET 5xx": 6})

    assert fires("requests-failed") == {(("client", "web"), *WEB_DB[1:]): 1}


def test_a_few_failed_requests_of_many_or_of_hardly_any_do_not_fire(scene: Scene, fires: Fires) -> None:
    scene.asks("shop@web", "postgres@db", NOW - 3 * MINUTE, NOW, {"GET 2xx": 97, "GET 5xx": 3})
    scene.asks("shop@web", "cache@db", NOW - 3 * MINUTE, NOW, {"GET 5xx": 1}, port=6379)
    scene.asks("shop@web", "search@db", NOW - MINUTE, NOW, {"GET 5xx": 1, "GET 2xx": 10}, port=9200)

    assert fires("requests-failed") == {}


def test_one_failed_request_is_one_however_few_connections_are_looked_at(scene: Scene, fires: Fires) -> None:
    scene.asks("shop@web", "postgres@db", NOW - MINUTE, NOW, {"GET 5xx": 1}, sampling=64)

    assert fires("requests-failed") == {}


def test_what_clients_got_wrong_does_not_fire(scene: Scene, fires: Fires) -> None:
    scene.asks("shop@web", "postgres@db", NOW - 3 * MINUTE, NOW, {"GET 2xx": 5, "GET 4xx": 50})

    assert fires("requests-failed") == {}


def test_requests_that_failed_long_ago_or_a_connection_without_http_do_not_fire(scene: Scene, fires: Fires) -> None:
    scene.asks("shop@web", "postgres@db", NOW - 30 * MINUTE, NOW - 10 * MINUTE, {"GET 5xx": 9})
    scene.talks("shop@web", "cache@db", NOW - 4 * MINUTE, NOW, port=6379, opened=10, failed=1)

    assert fires("requests-failed") == {}


def test_a_burst_of_retransmits_fires(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * MINUTE, NOW, sent_segments=1000, retransmits=100)

    assert fires("retransmits") == {WEB_DB: 0.1}


def test_few_retransmits_of_many_segments_or_of_hardly_any_do_not_fire(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * MINUTE, NOW, sent_segments=1000, retransmits=10)
    scene.talks("shop@web", "cache@db", NOW - 2 * MINUTE, NOW, port=6379, sent_segments=20, retransmits=10)

    assert fires("retransmits") == {}


def test_a_new_client_of_a_critical_service_fires(scene: Scene, fires: Fires) -> None:
    scene.is_host("db", NOW, critical="cache, postgres")
    scene.talks("shop@web", "postgres@db", NOW - 4 * HOUR, NOW)
    scene.talks("report@web", "postgres@db", NOW - 10 * MINUTE, NOW)
    scene.talks("report@web", "other@db", NOW - 10 * MINUTE, NOW, port=80)

    assert list(fires("edge-new")) == [(("client", "report"), *WEB_DB[1:])]


def test_all_services_of_a_host_can_be_critical_and_the_internet_is_one_client(scene: Scene, fires: Fires) -> None:
    scene.is_host("db", NOW, critical="*")
    scene.talks("10.9.9.9", "postgres@db", NOW - 4 * HOUR, NOW)
    scene.talks("198.51.100.7", "postgres@db", NOW - 20 * MINUTE, NOW)
    scene.talks("203.0.113.9", "postgres@db", NOW - 10 * MINUTE, NOW)

    assert [dict(labels)["client"] for labels in fires("edge-new")] == ["internet"]


def test_an_edge_that_was_there_before_a_pause_is_not_new(scene: Scene, fires: Fires) -> None:
    scene.is_host("db", NOW, critical="postgres")
    scene.talks("shop@web", "postgres@db", NOW - 4 * HOUR, NOW)
    scene.talks("backup@web", "postgres@db", NOW - DAY, NOW - DAY + 5 * MINUTE)
    scene.talks("backup@web", "postgres@db", NOW - 5 * MINUTE, NOW)

    assert fires("edge-new") == {}


def test_nothing_is_new_on_a_host_that_is_itself_new_nor_at_a_service_that_is_not_critical(
    scene: Scene, fires: Fires
) -> None:
    scene.is_host("db", NOW, critical="postgres")
    scene.is_host("spare", NOW)
    scene.talks("shop@web", "postgres@db", NOW - 30 * MINUTE, NOW)
    scene.talks("report@web", "postgres@db", NOW - 10 * MINUTE, NOW)
    scene.talks("shop@web", "postgres@spare", NOW - 4 * HOUR, NOW)
    scene.talks("report@web", "postgres@spare", NOW - 10 * MINUTE, NOW)

    assert fires("edge-new") == {}


def test_a_steady_edge_that_is_no_more_fires(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * HOUR, NOW - 10 * MINUTE)
    scene.runs("web", "shop", NOW - MINUTE)

    assert fires("edge-vanished") == {WEB_DB: 1}


def test_an_edge_that_comes_and_goes_does_not_fire_when_it_goes(scene: Scene, fires: Fires) -> None:
    for minutes in range(10, 120, 2):
        scene.talks("shop@web", "postgres@db", NOW - minutes * MINUTE, NOW - (minutes - 1) * MINUTE)
    scene.runs("web", "shop", NOW - MINUTE)

    assert fires("edge-vanished") == {}


def test_neither_a_silent_host_nor_a_late_map_takes_edges_away(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * HOUR, NOW - 10 * MINUTE)
    scene.runs("web", "shop", NOW - 11 * MINUTE)
    scene.runs("db", "postgres", NOW - MINUTE)

    assert fires("edge-vanished") == {}


def test_a_collector_that_failed_takes_no_edges_away_until_it_has_looked_for_as_long_again(
    scene: Scene, fires: Fires
) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * HOUR, NOW - 20 * MINUTE)
    scene.runs("web", "shop", NOW - MINUTE)
    scene.reports("web", NOW - 20 * MINUTE, NOW - 3 * MINUTE, owners="OSError: no")

    assert fires("edge-vanished") == {}


def test_an_edge_that_is_not_there_after_a_collector_is_back_has_vanished(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * HOUR, NOW - 20 * MINUTE)
    scene.runs("web", "shop", NOW - MINUTE)
    scene.reports("web", NOW - 20 * MINUTE, NOW - 10 * MINUTE, owners="OSError: no")

    assert fires("edge-vanished").keys() == {WEB_DB}


def same_time_of_earlier_days(scene: Scene, days: int) -> None:
    for day in range(1, days + 1):
        start = FIVE - day * DAY
        scene.talks("shop@web", "postgres@db", start, start + 5 * MINUTE, sent_bytes=1_000_000 + day * 10_000)


def test_traffic_unlike_that_of_the_same_time_on_earlier_days_fires(scene: Scene, fires: Fires) -> None:
    same_time_of_earlier_days(scene, 8)
    scene.talks("shop@web", "postgres@db", FIVE - HOUR, FIVE, sent_bytes=9_000_000)
    scene.talks("shop@web", "postgres@db", FIVE, NOW, sent_bytes=9_000_000)

    ((labels, score),) = fires("traffic-anomaly").items()

    assert labels == (*WEB_DB, ("change", "more"))
    assert score == pytest.approx((9_000_000 - 1_050_000) / 105_000, rel=0.02)


def test_a_daily_peak_is_not_unusual_although_the_hours_before_were_quiet(scene: Scene, fires: Fires) -> None:
    same_time_of_earlier_days(scene, 8)
    scene.talks("shop@web", "postgres@db", FIVE - 2 * HOUR, FIVE, sent_bytes=10_000)
    scene.talks("shop@web", "postgres@db", FIVE, NOW, sent_bytes=1_100_000)

    assert fires("traffic-anomaly") == {}


def test_without_earlier_days_the_last_hours_set_what_is_usual(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", FIVE - 2 * HOUR, FIVE, sent_bytes=1_000_000)
    scene.talks("shop@web", "cache@db", FIVE - 2 * HOUR, NOW, port=6379, sent_bytes=1_000_000)
    scene.runs("web", "shop", NOW - MINUTE)

    assert list(fires("traffic-anomaly")) == [(*WEB_DB, ("change", "less"))]


def test_of_a_host_that_is_silent_no_traffic_is_expected(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", FIVE - 2 * HOUR, FIVE, sent_bytes=1_000_000)
    scene.runs("web", "shop", FIVE)

    assert fires("traffic-anomaly") == {}


def test_an_edge_that_is_young_or_hardly_used_is_not_unusual(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", FIVE - 30 * MINUTE, FIVE, sent_bytes=1_000_000)
    scene.talks("shop@web", "postgres@db", FIVE, NOW, sent_bytes=9_000_000)
    scene.talks("shop@web", "cache@db", FIVE - 2 * HOUR, FIVE, port=6379, sent_bytes=100)
    scene.talks("shop@web", "cache@db", FIVE, NOW, port=6379, sent_bytes=10_000)

    assert fires("traffic-anomaly") == {}
