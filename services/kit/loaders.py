"""DataLoaders over a call that finds many at once: one call for all keys of a request."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from strawberry.dataloader import DataLoader

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def by_key(
    find: Callable[[list[K]], Awaitable[Iterable[V]]],
    key: Callable[[V], K | None],
    *,
    accepts: Callable[[K], bool] | None = None,
    max_batch_size: int | None = None,
) -> DataLoader[K, V | None]:
    """Loads the value of a key; None where `find` finds nothing. Of several values of one key the last counts.

    `key` says which key a found value belongs to, if any. Keys that `accepts` refuses are not asked for: they are
    not there, and must not spoil the others' answer. When none is left, nothing is asked. One call takes at most
    `max_batch_size` keys.
    """

    async def find_by_key(keys: list[K]) -> Mapping[K, V]:
        return {k: value for value in await find(keys) if (k := key(value)) is not None}

    return from_mapping(find_by_key, accepts=accepts, max_batch_size=max_batch_size)


def from_mapping(
    find: Callable[[list[K]], Awaitable[Mapping[K, V]]],
    *,
    accepts: Callable[[K], bool] | None = None,
    max_batch_size: int | None = None,
) -> DataLoader[K, V | None]:
    """As `by_key`, where `find` already answers values by their keys."""

    async def load(keys: list[K]) -> list[V | None]:
        asked = _accepted(keys, accepts)
        found = await find(asked) if asked else {}
        return [found.get(key) for key in keys]

    return DataLoader(load, max_batch_size=max_batch_size)


def grouped(
    find: Callable[[list[K]], Awaitable[Iterable[V]]],
    key: Callable[[V], K | None],
    *,
    accepts: Callable[[K], bool] | None = None,
    max_batch_size: int | None = None,
) -> DataLoader[K, list[V]]:
    """Loads all values of a key, in the order found; an empty list where `find` finds none. Otherwise as `by_key`."""

    async def load(keys: list[K]) -> list[list[V]]:
        groups: defaultdict[K | None, list[V]] = defaultdict(list)
        if asked := _accepted(keys, accepts):
            for value in await find(asked):
                groups[key(value)].append(value)
        return [groups[each] for each in keys]

    return DataLoader(load, max_batch_size=max_batch_size)


def _accepted(keys: list[K], accepts: Callable[[K], bool] | None) -> list[K]:
    return keys if accepts is None else [key for key in keys if accepts(key)]
