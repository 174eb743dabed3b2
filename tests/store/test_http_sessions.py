"""Sessions over HTTP: a session is lent to one request at a time, and ends when it is told to."""

import threading
from typing import Any

from sinks.embedded.http_sessions import Sessions


class Client:
    """What a session keeps."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_request_that_waits_for_the_last_one_of_a_session_gets_a_new_one() -> None:
    sessions = Sessions()
    lent, answered = threading.Event(), threading.Event()
    seen: list[Any] = []

    def end() -> None:
        with sessions.lent("u", "one", 0, False, Client) as client:  # type: ignore[arg-type]
            seen.append(client)
            lent.set()
            answered.wait(10)

    ending = threading.Thread(target=end)
    ending.start()
    lent.wait(10)
    threading.Timer(0.05, answered.set).start()
    with sessions.lent("u", "one", 60, False, Client) as client:  # type: ignore[arg-type]
        seen.append(client)
    ending.join()

    first, second = seen
    assert first is not second
    assert (first.closed, second.closed) == (True, False)
