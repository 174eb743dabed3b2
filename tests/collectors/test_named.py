"""The owners that programs reported are known for as long as something may be reported of their sockets."""

from collectors.named import Named

A, B = (1, 10), (2, 20)


def test_the_first_report_of_a_socket_counts() -> None:
    named = Named()
    named.take([(7, A), (7, B)])
    named.take([(7, B), (8, B)])
    named.settle(())

    assert dict(named.new()) == {7: A, 8: B}


def test_what_was_known_before_is_not_new() -> None:
    named = Named()
    named.take([(7, A)])
    named.turn(())
    named.take([(7, B), (8, B), (9, B)])
    named.settle({8})

    assert dict(named.new()) == {9: B}
    assert (named.of(7), named.of(8)) == (A, None)


def test_an_owner_is_kept_for_one_more_window_and_as_long_as_its_socket_is_open() -> None:
    named = Named()
    named.take([(7, A), (8, B)])
    named.turn({7})
    assert dict(named.all()) == {7: A, 8: B}
    named.turn({7})
    assert dict(named.all()) == {7: A}
    named.turn({7})
    assert named.of(7) == A
    named.turn(())
    assert named.of(7) is None
