"""What registering is, in plain words: one thing after another, no database. The oracle of `test_linearizable.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

LIVE = ("PENDING_PHONE", "ACCEPTED", "UNDER_REVIEW")
REVIEWED_FROM = {
    "ACCEPT": ("UNDER_REVIEW",),
    "REJECT": ("PENDING_PHONE", "ACCEPTED", "UNDER_REVIEW"),
    "HOLD": ("PENDING_PHONE", "ACCEPTED"),
}


@dataclass(frozen=True)
class Entry:
    """A fan's entry as it is stored; `reviewed` since it was last submitted, `lapsed` at the deadline."""

    state: str
    wishes: tuple[int, ...]
    version: int = 1
    key: str | None = None
    sent: tuple[int, ...] = field(default=(), compare=False)
    reviewed: bool = False
    lapsed: bool = False

    def becomes(self, state: str, **changes: Any) -> "Entry":
        return replace(self, state=state, version=self.version + 1, **changes)


@dataclass(frozen=True)
class World:
    """One campaign that wants confirmed phones, and its fans by name."""

    campaign: str = "OPEN"
    version: int = 1
    confirmed: frozenset[str] = frozenset()
    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))

    def seen(self, entry: Entry) -> str:
        """The state that an entry is in by now: unconfirmed ones are invalid once registration is over."""
        late = entry.state == "PENDING_PHONE" and self.campaign == "CLOSED"
        return "INVALIDATED" if late else entry.state

    def with_entry(self, who: str, entry: Entry) -> "World":
        return replace(self, entries=MappingProxyType({**self.entries, who: entry}))


@dataclass(frozen=True)
class Act:
    """Something that somebody does: `what` is a function of this module, `how` its further inputs."""

    what: str
    who: str = ""
    how: tuple[Any, ...] = ()

    def on(self, world: World) -> tuple[World, Any]:
        """The world afterwards, and what the caller is answered."""
        return _ACTS[self.what](world, self.who, *self.how)


def submit(world: World, who: str, wishes: tuple[int, ...], key: str | None) -> tuple[World, Any]:
    entry = world.entries.get(who)
    if entry and key is not None and key == entry.key:
        return world, "replayed" if wishes == entry.sent else "mismatch"
    if entry and entry.state != "WITHDRAWN":
        return world, "already"
    if world.campaign != "OPEN":
        return world, world.campaign
    state = "ACCEPTED" if who in world.confirmed else "PENDING_PHONE"
    version = entry.version + 1 if entry else 1
    return world.with_entry(who, Entry(state, wishes, version, key, wishes)), state


def amend(world: World, who: str, wishes: tuple[int, ...]) -> tuple[World, Any]:
    entry = world.entries.get(who)
    if entry is None:
        return world, "nothing"
    if world.campaign != "OPEN":
        return world, world.campaign
    if entry.state not in LIVE:
        return world, entry.state
    return world.with_entry(who, entry.becomes(entry.state, wishes=wishes)), "done"


def withdraw(world: World, who: str) -> tuple[World, Any]:
    entry = world.entries.get(who)
    if entry is None:
        return world, "nothing"
    if entry.state == "WITHDRAWN":
        return world, "done"
    if world.campaign != "OPEN":
        return world, world.campaign
    if entry.state not in ("PENDING_PHONE", "ACCEPTED"):
        return world, entry.state
    return world.with_entry(who, entry.becomes("WITHDRAWN")), "done"


def confirm(world: World, who: str) -> tuple[World, Any]:
    """Her phone was confirmed in time; the news of it may come late."""
    world = replace(world, confirmed=world.confirmed | {who})
    entry = world.entries.get(who)
    if entry and (entry.state == "PENDING_PHONE" or entry.lapsed):
        return world.with_entry(who, entry.becomes("ACCEPTED", lapsed=False)), "told"
    return world, "told"


def review(world: World, who: str, decision: str, seen: int | None) -> tuple[World, Any]:
    """`seen` is the version that the reviewer looked at, None for whichever."""
    entry = world.entries.get(who)
    if entry is None:
        return world, "nothing"
    if seen not in (None, entry.version):
        return world, "conflict"
    rejected = entry.state == "INVALIDATED" and entry.reviewed and not entry.lapsed
    state = world.seen(entry)
    if state not in REVIEWED_FROM[decision] and not (rejected and decision != "REJECT"):
        return world, state
    accepted = "ACCEPTED" if who in world.confirmed else "PENDING_PHONE"
    leads_to = {"ACCEPT": accepted, "REJECT": "INVALIDATED", "HOLD": "UNDER_REVIEW"}[decision]
    return world.with_entry(who, entry.becomes(leads_to, reviewed=True, lapsed=False)), "done"


def publish(world: World, _who: str, state: str, version: int) -> tuple[World, Any]:
    """News of the campaign; older than what is known changes nothing."""
    if version > world.version:
        world = replace(world, campaign=state, version=version)
    return world, "told"


def lapse(world: World, _who: str) -> tuple[World, Any]:
    """The worker writes down who missed the deadline."""
    if world.campaign == "CLOSED":
        for who, entry in world.entries.items():
            if entry.state == "PENDING_PHONE":
                world = world.with_entry(who, entry.becomes("INVALIDATED", lapsed=True))
    return world, "told"


_ACTS: dict[str, Callable[..., tuple[World, Any]]] = {
    act.__name__: act for act in (submit, amend, withdraw, confirm, review, publish, lapse)
}


def worlds_after(world: World, done: list[tuple[Act, Any]]) -> list[World]:
    """Every world that some order of these acts leads to, in which each is answered what it was: none without an order.

    What was too busy to be done may not have been.
    """
    if not done:
        return [world]
    found: list[World] = []
    for place, (act, answer) in enumerate(done):
        after, answered = (world, answer) if answer == "busy" else act.on(world)
        if answered == answer:
            found += worlds_after(after, [*done[:place], *done[place + 1 :]])
    return found
