"""Assemble the windows of a host from the batches of several topics.

Each topic keeps the order of a host, but topics overtake each other. The heartbeat of a window is sent last and lists
what was sent for it. So a window is complete when its heartbeat and all that it lists are here. Windows are released in
order.

A window may stay incomplete: its agent was killed, or a batch was unreadable. Then it is released as it is, before the
next complete window, as soon as no more of it can come. That is so when every topic that the agent reports has a later
batch, or when there is a later complete keyframe, because a keyframe has a batch of every topic. Heartbeats declare the
topics of a run; agents that declare none report the topics of the first version. A keyframe in which a collector failed
lacks that topic, and so does the first keyframe of an agent that no longer reports it. The topic is then waited for
until it has a batch again; if no heartbeat lists it any more, KEYFRAMES keyframes are enough. If the next complete
window is much later, the incomplete one is dropped, because a reader that started in between has not seen it.

A window without a heartbeat may still be unknown when the next one is complete. So a missing number is waited for like
a window. A complete keyframe waits for nothing: windows without a heartbeat before it keep only those topics that the
keyframe has, since it is not known whether they had others. Runs of an agent are in the order of their heartbeats. A
run that was killed before its first heartbeat has no place and is dropped.

The result depends only on what was sent, and not on how topics were interleaved or repeated. There is one exception: if
a collector fails for as long as KEYFRAMES keyframes, and its topic is read further behind the others than that, windows
before the failure are released without its batches.
"""

from collections import Counter
from typing import Any, TypeVar

from msgspec import Struct

from schemas.raw import Batch, Heartbeat
from schemas.topics import HEARTBEATS, RAW

STALE_MS = 120_000  # an incomplete window is dropped if the next complete one is later than this
KEYFRAMES = 5  # after so many complete keyframes an incomplete window is released, whatever they lack
TOPICS = frozenset(topic.name for topic in RAW)
UNDECLARED = frozenset({"heartbeats", "processes", "connections", "listeners", "owners", "requests"})
STATE = frozenset({"processes", "connections", "listeners", "owners"})  # topics that every keyframe restates
Key = tuple[int, int]  # term of the lead, number of the window in the run
NEVER: Key = (-1, -1)

At = TypeVar("At", Key, int)


class Window(Struct):
    """The batches of one window of a host that have come so far."""

    heartbeat: Heartbeat | None = None
    parts: dict[str, dict[int, Any]] = {}  # topic -> part -> batch
    name: str = ""  # the host's name, by the heartbeat

    def complete(self) -> bool:
        """Return whether all batches that the heartbeat lists are here, of the topics that are folded."""
        return self.heartbeat is not None and all(
            len(self.parts.get(topic, ())) >= count for topic, count in self.heartbeat.sent.items() if topic in TOPICS
        )

    def keyframe(self) -> bool:
        """Return whether this is a complete keyframe."""
        return self.heartbeat is not None and self.heartbeat.keyframe and self.complete()

    def restates(self, topic: str) -> bool:
        """Return whether this window restates everything of a topic.

        A collector that failed in a keyframe restates everything in the first window in which it works again.
        """
        parts = self.batches(topic)
        return bool(parts) and self.complete() and all(part.keyframe for part in parts)

    def lacks(self) -> frozenset[str]:
        """Return the topics without data in this window because their collectors failed."""
        if self.heartbeat is None:
            return frozenset()
        # Older agents do not list failed collectors.
        restated = STATE & reported(self.heartbeat) if self.heartbeat.keyframe else frozenset[str]()
        return (restated - self.heartbeat.sent.keys()) | (self.heartbeat.failed.keys() - self.parts.keys())

    def batches(self, topic: str) -> list[Any]:
        """Return the batches of a topic in the order of their parts."""
        parts = self.parts.get(topic, {})
        return [parts[part] for part in sorted(parts)]

    def any(self) -> Batch:
        """Return some batch of the window, for its header."""
        return self.heartbeat or next(batch for parts in self.parts.values() for batch in parts.values())


class Assembly:
    """The windows of one spot that are not released yet, in the order of the agents that led it.

    At most `limit` windows wait. Beyond that the oldest is released as it is.
    """

    def __init__(self, counters: Counter[str], limit: int) -> None:
        self.counters = counters
        self._limit = limit
        self._done = NEVER
        self._pending: dict[Key, Window] = {}
        self._latest: dict[str, Key] = {}  # topic -> latest window with a batch of it
        self._listed: dict[str, Key] = {}  # topic -> latest window whose heartbeat lists it
        self._reported: dict[int, frozenset[str]] = {}  # term -> topics that its agent reports

    def place(self, key: Key, window: Window) -> None:
        """Take a window that came before its place was known."""
        self._pending[key] = window
        for topic in window.parts:
            self._note(topic, key)
        if window.heartbeat is not None:
            self._note(HEARTBEATS.name, key)
            self._list(window.heartbeat, key)

    def add(self, key: Key, topic: str, batch: Batch, name: str = "") -> list[Window]:
        """Take a batch, and the name of the host with a heartbeat; return the windows that it releases, in order."""
        if key <= self._done:
            self.counters["repeated_batches"] += 1
            return []
        window = put(self._pending, key, topic, batch)
        window.name = name or window.name
        if isinstance(batch, Heartbeat):
            self._list(batch, key)
        advanced = self._note(topic, key)
        if window.complete() or advanced:
            return self.release()
        if len(self._pending) > self._limit:
            self.counters["forced_windows"] += 1
            return self._pop([min(self._pending)])
        return []

    def take(self, first: Key) -> dict[int, Window]:
        """Remove and return the windows of a term from `first` on, by number, because its agent no longer leads."""
        keys = [key for key in self._pending if key[0] == first[0] and key >= first]
        return {key[1]: self._pending.pop(key) for key in keys}

    def _list(self, heartbeat: Heartbeat, key: Key) -> None:
        for each in [name for name, count in heartbeat.sent.items() if count]:
            self._listed[each] = max(self._listed.get(each, key), key)
        self._reported[key[0]] = reported(heartbeat)

    def _note(self, topic: str, key: Key) -> bool:
        """Note the window of a batch of a topic; return whether all topics have now reached a later window."""
        before = self._passed()
        self._latest[topic] = max(self._latest.get(topic, key), key)
        return self._passed() != before

    def _passed(self) -> Key:
        """Return the window that all topics have reached. Topics that no agent here reports do not count."""
        awaited = frozenset[str]().union(*self._reported.values()) or TOPICS
        return min(self._latest.get(topic, NEVER) for topic in awaited)

    def release(self) -> list[Window]:
        """Release in order the windows that can no longer change, up to the last complete one."""
        passed = self._passed()
        held = sorted(self._pending)
        keyframes = [key for key in held if self._pending[key].keyframe()]
        late = keyframes[1 - KEYFRAMES :]
        passed = max([passed, *(key for key in keyframes if self._closes(key, patient=key in late))])
        ready, before = 0, self._done
        for count, key in enumerate(held, start=1):
            window = self._pending[key]
            if key >= passed and window.heartbeat is None:
                continue  # a reader may not have seen it at all: the next window decides
            if key > passed and not _follows(key, before) and not window.keyframe():
                break
            if window.complete():
                ready = count
            elif key >= passed:
                break
            before = key
        term = self._done[0]
        released = self._pop(held[:ready])
        if self._done[0] == term or not self._pending:
            return released
        return released + self.release()  # fewer topics are awaited without the old term

    def _closes(self, key: Key, *, patient: bool) -> bool:
        """Return whether the windows before a complete keyframe can get no more batches."""
        window = self._pending[key]
        listed = {topic for topic, last in self._listed.items() if last[0] >= self._done[0]}
        return all(
            self._latest.get(topic, NEVER) > key or (not patient and self._listed.get(topic, NEVER) < key)
            for topic in (window.lacks() | (listed - window.parts.keys())) & TOPICS
        )

    def _pop(self, keys: list[Key]) -> list[Window]:
        windows = [self._pending.pop(key) for key in keys]
        self._done = max([self._done, *keys])
        for term in [term for term in self._reported if term < self._done[0]]:
            del self._reported[term]
        released, complete, beating = [], None, None
        for window in reversed(windows):
            if window.heartbeat is not None:
                beating = window
            elif beating and beating.keyframe():
                window.parts = {topic: parts for topic, parts in window.parts.items() if topic in beating.parts}
                if not window.parts:
                    continue
            if window.complete():
                complete = window
            elif complete and complete.any().window - window.any().window > STALE_MS:
                self.counters["stale_windows"] += 1
                continue
            else:
                self.counters["incomplete_windows"] += 1
            released.append(window)
        return released[::-1]


def reported(heartbeat: Heartbeat) -> frozenset[str]:
    """Return the topics that the agent of a heartbeat reports, of those that are folded."""
    return TOPICS.intersection((HEARTBEATS.name, *heartbeat.topics)) if heartbeat.topics else UNDECLARED


def _follows(key: Key, before: Key) -> bool:
    """Return whether no window lies between two. Before the first window of a reader none is missing."""
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
