"""Loaders over a call that finds many: one call a request, answers by key, nothing asked in vain."""

from dataclasses import dataclass, field

import pytest
from strawberry.dataloader import DataLoader

from services.kit.loaders import by_key, from_mapping, grouped


@dataclass(frozen=True)
class Ticket:
    id: str
    holder: str | None = None


@dataclass
class Shelf:
    """Tickets to be found, newest last; remembers what it was asked."""

    tickets: list[Ticket]
    calls: list[list[str]] = field(default_factory=list)

    async def by_ids(self, ids: list[str]) -> list[Ticket]:
        self.calls.append(ids)
        return [ticket for ticket in reversed(self.tickets) if ticket.id in ids]

    async def by_holders(self, holders: list[str]) -> list[Ticket]:
        """Those of the holders, and those that nobody holds, which were not asked for."""
        self.calls.append(holders)
        return [ticket for ticket in self.tickets if ticket.holder is None or ticket.holder in holders]

    async def mapped(self, ids: list[str]) -> dict[str, Ticket]:
        return {ticket.id: ticket for ticket in await self.by_ids(ids)}


A, B, C, D = Ticket("a", "ann"), Ticket("b", "bob"), Ticket("c", "ann"), Ticket("d")


@pytest.fixture
def shelf() -> Shelf:
    return Shelf([A, B, C, D])


def one_of(kind: str, shelf: Shelf, max_batch_size: int | None = None) -> DataLoader[str, Ticket | None]:
    """A loader of tickets by id that asks only for ids of letters."""
    if kind == "by_key":
        return by_key(
            shelf.by_ids, lambda ticket: ticket.id, accepts=str.isalpha, max_batch_size=max_batch_size
        )
    return from_mapping(shelf.mapped, accepts=str.isalpha, max_batch_size=max_batch_size)


SINGLE = pytest.mark.parametrize("kind", ["by_key", "from_mapping"])


@SINGLE
async def test_one_call_answers_all_keys_in_their_order(kind: str, shelf: Shelf) -> None:
    assert await one_of(kind, shelf).load_many(["c", "missing", "a", "c"]) == [C, None, A, C]
    assert shelf.calls == [["c", "missing", "a"]]


@SINGLE
async def test_refused_keys_are_none_and_not_asked_for(kind: str, shelf: Shelf) -> None:
    assert await one_of(kind, shelf).load_many(["1", "a", ""]) == [None, A, None]
    assert shelf.calls == [["a"]]


@SINGLE
async def test_nothing_is_asked_when_every_key_is_refused(kind: str, shelf: Shelf) -> None:
    assert await one_of(kind, shelf).load_many(["1", "2"]) == [None, None]
    assert shelf.calls == []


@SINGLE
async def test_no_call_takes_more_keys_than_it_may(kind: str, shelf: Shelf) -> None:
    assert await one_of(kind, shelf, max_batch_size=2).load_many(["a", "b", "c"]) == [A, B, C]
    assert shelf.calls == [["a", "b"], ["c"]]


async def test_without_a_filter_every_key_is_asked_for(shelf: Shelf) -> None:
    assert await by_key(shelf.by_ids, lambda ticket: ticket.id).load_many(["1", "a"]) == [None, A]
    assert shelf.calls == [["1", "a"]]


async def test_of_several_with_one_key_the_last_found_counts(shelf: Shelf) -> None:
    loader = by_key(shelf.by_holders, lambda ticket: ticket.holder)
    assert await loader.load_many(["ann", "bob"]) == [C, B]


async def test_groups_keep_the_order_found_and_are_empty_where_nothing_is(shelf: Shelf) -> None:
    loader = grouped(shelf.by_holders, lambda ticket: ticket.holder)
    assert await loader.load_many(["bob", "eve", "ann"]) == [[B], [], [A, C]]
    assert shelf.calls == [["bob", "eve", "ann"]]


async def test_groups_of_refused_keys_are_empty_and_not_asked_for(shelf: Shelf) -> None:
    loader = grouped(shelf.by_holders, lambda ticket: ticket.holder, accepts=str.isalpha)
    assert await loader.load_many(["1", "ann"]) == [[], [A, C]]
    assert shelf.calls == [["ann"]]
    assert await loader.load_many(["2", "3"]) == [[], []]
    assert shelf.calls == [["ann"]]


async def test_groups_are_asked_for_in_calls_of_the_given_size(shelf: Shelf) -> None:
    loader = grouped(shelf.by_holders, lambda ticket: ticket.holder, max_batch_size=1)
    assert await loader.load_many(["ann", "bob"]) == [[A, C], [B]]
    assert shelf.calls == [["ann"], ["bob"]]


async def test_what_find_raises_reaches_everybody_who_asked() -> None:
    async def find(keys: list[str]) -> list[Ticket]:
        raise ConnectionError("gone")

    loader = by_key(find, lambda ticket: ticket.id)
    for failing in (loader.load("a"), loader.load("b")):
        with pytest.raises(ConnectionError):
            await failing
