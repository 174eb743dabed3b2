"""Each rule on what must fire, and on what comes close and must not: threshold and labels are the rule's own."""

from tests.alerts.conftest import NOW, Fires
from tests.alerts.scene import MINUTE, Scene

WEB_DB = (("client", "shop"), ("server", "postgres"), ("port", "tcp 5432"))


def test_a_host_that_says_nothing_while_others_go_on_is_silent(scene: Scene, fires: Fires) -> None:
    scene.is_host("db", NOW - 20 * MINUTE)
    scene.reports("web", NOW - 20 * MINUTE, NOW)
    scene.reports("db", NOW - 20 * MINUTE, NOW - 5 * MINUTE)

    assert fires("host-silent") == {(("host_id", "id-db"), ("host", "db")): 300}


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


def test_connections_that_fail_are_told(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 4 * MINUTE, NOW, opened=10, failed=5)

    assert fires("connections-failed") == {WEB_DB: 0.5}


def test_a_server_that_refuses_everything_is_told_although_nothing_is_opened(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * MINUTE, NOW, failed=5)

    assert fires("connections-failed") == {WEB_DB: 1}


def test_a_few_failed_connections_are_not_told(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 4 * MINUTE, NOW, opened=1, failed=1)
    scene.talks("shop@web", "cache@db", NOW - 4 * MINUTE, NOW, port=6379, opened=100, failed=10)

    assert fires("connections-failed") == {}


def test_connections_that_failed_long_ago_are_not_told(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 30 * MINUTE, NOW - 10 * MINUTE, opened=10, failed=9)

    assert fires("connections-failed") == {}


def test_a_burst_of_retransmits_is_told(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * MINUTE, NOW, sent_segments=1000, retransmits=100)

    assert fires("retransmits") == {WEB_DB: 0.1}


def test_few_retransmits_of_many_segments_or_of_hardly_any_are_not_told(scene: Scene, fires: Fires) -> None:
    scene.talks("shop@web", "postgres@db", NOW - 2 * MINUTE, NOW, sent_segments=1000, retransmits=10)
    scene.talks("shop@web", "cache@db", NOW - 2 * MINUTE, NOW, port=6379, sent_segments=20, retransmits=10)

    assert fires("retransmits") == {}
