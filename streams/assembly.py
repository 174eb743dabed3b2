"""Putting a host's window together again from the batches of several topics.

Each topic keeps a host's order, but topics overtake each other. The heartbeat is sent last and lists what was sent for
the window, so a window is complete when its heartbeat and all it lists are here. Windows are released in order. One
that stays incomplete (its agent was killed, a batch was unreadable) is released as it is before the next complete one,
once nothing of it can still come: a later batch of every topic is here, or a complete keyframe, which has one of every
topic that there is. (A keyframe in which a collector failed has not: its topic is waited for until it is told of again,
or, if no heartbeat lists it any more, for KEYFRAMES of them.) If the next complete one is much later it is dropped: a
reader that began meanwhile has not seen it.

A window without a heartbeat may not even be known of when the next one is complete. So a number that is missing is
waited for like a window, and before a complete keyframe, which waits for nothing, such a window tells of the topics of
that keyframe alone: of others nobody can say whether it had any. Runs of an agent follow each other as their heartbeats
do; one that was killed before its first has no place and says nothing.
The result depends on what was sent alone, not on how topics were interleaved or repeated.
"""

from collections import Counter
from typing import Any, TypeVar

from msgspec import Struct

from schemas.raw import Batch, Heartbeat
from schemas.topics import HEARTBEATS, RAW

STALE_MS = 120_000  # an incomplete window is dropped if the next complete one is later than this
KEYFRAMES = 5  # complete ones after which an incomplete window is released whatever they lack
TOPICS = frozenset(topic.name for topic in RAW)
STATE = frozenset({"processes", "connections", "listeners", "owners"})  # of what every keyframe restates
Key = tuple[int, int]  # term of the lead, number of the window in the run
NEVER: Key = (-1, -1)

At = TypeVar("At", Key, int)


class Window(Struct):
    """All that came of one host's window."""

    heartbeat: Heartbeat | None = None
    parts: dict[str, dict[int, Any]] = {}  # topic -> part -> batch
    name: str = ""  # of the host, by its heartbeat

    def complete(self) -> bool:
        """Say whether all that the heartbeat lists is here."""
        return self.heartbeat is not None and all(
            len(self.parts.get(topic, ())) >= count for topic, count in self.heartbeat.sent.items()
        )

    def keyframe(self) -> bool:
        """Say whether this is a keyframe of which no part is missing."""
        return self.heartbeat is not None and self.heartbeat.keyframe and self.complete()

    def restates(self, topic: str) -> bool:
        """Say whether all that is known of a topic is here.

        A collector that failed on a keyframe restates everything in the first window in which it is back.
        """
        parts = self.batches(topic)
        return bool(parts) and self.complete() and all(part.keyframe for part in parts)

    def lacks(self) -> frozenset[str]:
        """Return the topics of which nothing is known in this window, because their collectors failed."""
        if self.heartbeat is None:
            return frozenset()
        unsaid = STATE - self.heartbeat.sent.keys() if self.heartbeat.keyframe else frozenset()  # by older agents
        return unsaid | (self.heartbeat.failed.keys() - self.parts.keys())

    def batches(self, topic: str) -> list[Any]:
        """Return a topic's batches in the order of their parts."""
        parts = self.parts.get(topic, {})
        return [parts[part] for part in sorted(parts)]

    def any(self) -> Batch:
        """Return some batch of the window, for its header."""
        return self.heartbeat or next(batch for parts in self.parts.values() for batch in parts.values())


class Assembly:
    """The windows of one spot that are not complete yet, in the order in which agents led it.

    Bounded by `limit`; the oldest go first, as they are.
    """

    def __init__(self, counters: Counter[str], limit: int) -> None:
        self.counters = counters
        self._limit = limit
        self._done = NEVER
        self._pending: dict[Key, Window] = {}
        self._latest: dict[str, Key] = {}  # topic -> latest window that it told of
        self._listed: dict[str, Key] = {}  # topic -> latest window whose heartbeat lists it

    def place(self, key: Key, window: Window) -> None:
        """Take a window that came before it was known where it belongs."""
        self._pending[key] = window
        for topic in window.parts:
            self._tell(topic, key)
        if window.heartbeat is not None:
            self._tell(HEARTBEATS.name, key)
            self._list(window.heartbeat, key)

    def add(self, key: Key, topic: str, batch: Batch, name: str = "") -> list[Window]:
        """Take a batch, and with a heartbeat what the host is called; return the windows complete with it, in order."""
        if key <= self._done:
            self.counters["repeated_batches"] += 1
            return []
        window = put(self._pending, key, topic, batch)
        window.name = name or window.name
        if isinstance(batch, Heartbeat):
            self._list(batch, key)
        news = self._tell(topic, key)
        if window.complete() or news:
            return self.release()
        if len(self._pending) > self._limit:
            self.counters["forced_windows"] += 1
            return self._pop([min(self._pending)])
        return []

    def take(self, first: Key) -> dict[int, Window]:
        """Give back the windows of a term from one on, by their number: its agent does not lead any more."""
        keys = [key for key in self._pending if key[0] == first[0] and key >= first]
        return {key[1]: self._pending.pop(key) for key in keys}

    def _list(self, heartbeat: Heartbeat, key: Key) -> None:
        for each in [name for name, count in heartbeat.sent.items() if count]:
            self._listed[each] = max(self._listed.get(each, key), key)

    def _tell(self, topic: str, key: Key) -> bool:
        """Note how far a topic has come; return whether that lets an incomplete window go."""
        before = min(self._latest.values()) if len(self._latest) == len(TOPICS) else None
        self._latest[topic] = max(self._latest.get(topic, key), key)
        return len(self._latest) == len(TOPICS) and min(self._latest.values()) != before

    def release(self) -> list[Window]:
        """Release what is in order and cannot change any more, up to the last window that is complete."""
        passed = min(self._latest.values()) if len(self._latest) == len(TOPICS) else NEVER
        held = sorted(self._pending)
        keyframes = [key for key in held if self._pending[key].keyframe()]
        late = keyframes[1 - KEYFRAMES :]
        passed = max([passed, *(key for key in keyframes if self._closes(key, patient=key in late))])
        ready, before = 0, self._done
        for count, key in enumerate(held, start=1):
            window = self._pending[key]
            if key >= passed and window.heartbeat is None:
                continue  # known of or not, the next window decides
            if key > passed and not _follows(key, before) and not window.keyframe():
                break
            if window.complete():
                ready = count
            elif key >= passed:
                break
            before = key
        return self._pop(held[:ready])

    def _closes(self, key: Key, *, patient: bool) -> bool:
        """Say whether nothing of the windows before a complete keyframe can still come."""
        return all(
            self._latest.get(topic, NEVER) > key or (not patient and self._listed.get(topic, NEVER) < key)
            for topic in self._pending[key].lacks() & TOPICS
        )

    def _pop(self, keys: list[Key]) -> list[Window]:
        windows = [self._pending.pop(key) for key in keys]
        self._done = max([self._done, *keys])
        fresh, following, heard = [], None, None
        for window in reversed(windows):
            if window.heartbeat is not None:
                heard = window
            elif heard and heard.keyframe():
                window.parts = {topic: parts for topic, parts in window.parts.items() if topic in heard.parts}
                if not window.parts:
                    continue
            if window.complete():
                following = window
            elif following and following.any().window - window.any().window > STALE_MS:
                self.counters["stale_windows"] += 1
                continue
            else:
                self.counters["incomplete_windows"] += 1
            fresh.append(window)
        return fresh[::-1]


def _follows(key: Key, before: Key) -> bool:
    """Say whether no window can have been between two. What was before a reader began is not looked for."""
    return before in (NEVER, (key[0], key[1] - 1))


def put(windows: dict[At, Window], at: At, topic: str, batch: Batch) -> Window:
    """Put a batch into its window."""
    window = windows.get(at)
    if window is None:
        window = windows[at] = Window(parts={})
    if isinstance(batch, Heartbeat):
        window.heartbeat = batch
    else:
        window.parts.setdefault(topic, {})[batch.part] = batch
    return window
