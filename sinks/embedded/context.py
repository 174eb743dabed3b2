"""What all connections share, and how one of them comes to run a statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sinks.embedded.client import Client
from sinks.embedded.engine import Engine, EngineError
from sinks.embedded.http_sessions import Sessions
from sinks.embedded.peer import Peer
from sinks.embedded.places import Full, Places, Standing
from sinks.embedded.query_ids import QueryIds
from sinks.embedded.reader import Judge
from sinks.embedded.room import Room
from sinks.embedded.tally import Tally
from sinks.embedded.turns import Turn, Turns
from sinks.embedded.users import User, Users
from sinks.embedded.watcher import Watcher

LOGIN_SECONDS = 10.0  # until a login is complete
IDLE_SECONDS = 3600.0  # between two requests: ClickHouse's idle_connection_timeout
REQUEST_SECONDS = 60.0  # for all of a request, once it has begun
INSERT_SECONDS = 300.0  # for each piece of a writer's data: ClickHouse's receive_timeout
# Statements at once. Readers share what memory the server may take, and processors with those who fill the store.
AT_ONCE = {Standing.READER: 4, Standing.OWNER: 4, Standing.WRITER: 16}


def turns() -> dict[Standing, Turns]:
    """Return a queue for each standing that may run statements."""
    return {standing: Turns(most) for standing, most in AT_ONCE.items()}


@dataclass(frozen=True)
class Context:
    """What all connections share."""

    engine: Engine
    ids: QueryIds
    users: Users
    judge: Judge
    watcher: Watcher
    setting_types: dict[str, str]
    tally: Tally
    places: Places
    turns: dict[Standing, Turns] = field(default_factory=turns)
    sessions: Sessions = field(default_factory=Sessions)
    room: Room = field(default_factory=Room)

    def settle(self, peer: Peer, user: User) -> None:
        """Give a client that has logged in its place; raises TOO_MANY_SIMULTANEOUS_QUERIES (202)."""
        standing = Standing.WRITER if not user.reads_only else Standing.OWNER if user.owner else Standing.READER
        try:
            self.places.become(peer, standing)
        except Full as error:
            raise EngineError(202, f"DB::Exception: {error} (TOO_MANY_SIMULTANEOUS_QUERIES)") from None

    @contextmanager
    def working(self, client: Client, peer: Peer) -> Iterator[None]:
        """Wait for a turn; then the body runs a statement, which ends when its client leaves or its time is over."""
        client.deadline = float("inf")
        turn = Turn(self.turns[self.places.standing(peer)], lambda: client.deadline)
        try:
            if peer.peek() == b"":
                raise EOFError("the client left before its turn")
            peer.sending = turn
            with self.watcher.watching(client.tag, peer):
                yield
        finally:
            peer.sending = None
            turn.stalled()
