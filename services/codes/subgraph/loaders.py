"""Batched reads: one call for all keys of a request, results in key order."""

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from strawberry.dataloader import DataLoader

from services.codes.subgraph.backend import Code, CodesBackend, Distribution, Import, LineError, Pool
from services.kit.access import Access, Scope
from services.kit.graphql import Caller, Context
from services.kit.upstream import Upstream

T = TypeVar("T")

Thing = tuple[str, str]
"""A kind (`events`, `pools`, `waves`, `selections`) and an id."""
ErrorsKey = tuple[str, int]
"""An import and how many of its errors are asked for."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(kw_only=True)
class CodesContext(Context):
    """What a resolver of this subgraph knows of its request."""

    backend: CodesBackend
    scope_of: DataLoader[Thing, Scope | None]
    pool_by_id: DataLoader[str, Pool | None]
    pool_by_event: DataLoader[str, Pool | None]
    import_by_id: DataLoader[str, Import | None]
    errors_by_import: DataLoader[ErrorsKey, list[LineError]]
    distribution_by_id: DataLoader[str, Distribution | None]
    distribution_by_wave: DataLoader[str, Distribution | None]
    code_by_id: DataLoader[str, Code | None]
    code_by_selection: DataLoader[str, Code | None]
    codes_by_entry: DataLoader[str, list[Code]]


def make_context(caller: Caller, upstream: Upstream, access: Access) -> CodesContext:
    """The context of one request."""
    backend = CodesBackend(upstream, caller.principal.user_id if caller.principal else None)
    return CodesContext(
        **vars(caller),
        access=access,
        backend=backend,
        scope_of=_scope_of(backend),
        pool_by_id=_one(lambda ids: backend.pools(ids=ids), lambda pool: pool.id),
        pool_by_event=_one(lambda ids: backend.pools(event_ids=ids), lambda pool: pool.event_id),
        import_by_id=_one(backend.imports, lambda each: each.id),
        errors_by_import=_errors_by_import(backend),
        distribution_by_id=_one(lambda ids: backend.distributions(ids=ids), lambda each: each.id),
        distribution_by_wave=_one(lambda ids: backend.distributions(wave_ids=ids), lambda each: each.wave_id),
        code_by_id=_one(lambda ids: backend.codes(ids=ids), lambda code: code.id),
        code_by_selection=_one(lambda ids: backend.codes(selection_ids=ids), lambda code: code.selection_id),
        codes_by_entry=_many(lambda ids: backend.codes(entry_ids=ids), lambda code: code.entry_id),
    )


def _many(
    fetch: Callable[[list[str]], Awaitable[Iterable[T]]], key: Callable[[T], Hashable]
) -> DataLoader[str, list[T]]:
    async def load(ids: list[str]) -> list[list[T]]:
        found: dict[Hashable, list[T]] = defaultdict(list)
        # What cannot be an id is not asked for: it is not there, and must not spoil the others' answer.
        if plausible := [each for each in ids if _ID.fullmatch(each)]:
            for item in await fetch(plausible):
                found[key(item)].append(item)
        return [found[each] for each in ids]

    return DataLoader(load)


def _one(
    fetch: Callable[[list[str]], Awaitable[Iterable[T]]], key: Callable[[T], Hashable]
) -> DataLoader[str, T | None]:
    many = _many(fetch, key)

    async def load(ids: list[str]) -> list[T | None]:
        return [items[0] if items else None for items in await many.load_many(ids)]

    return DataLoader(load)


def _scope_of(backend: CodesBackend) -> DataLoader[Thing, Scope | None]:
    async def load(things: list[Thing]) -> list[Scope | None]:
        asked: dict[str, list[str]] = defaultdict(list)
        for kind, thing_id in things:
            if _ID.fullmatch(thing_id):
                asked[kind].append(thing_id)
        scopes = await backend.scopes(asked) if asked else []
        found = {scope.id: Scope(scope.team_id, scope.campaign_id) for scope in scopes}
        return [found.get(thing_id) for _, thing_id in things]

    return DataLoader(load)


def _errors_by_import(backend: CodesBackend) -> DataLoader[ErrorsKey, list[LineError]]:
    async def load(keys: Sequence[ErrorsKey]) -> list[list[LineError]]:
        found: dict[str, list[LineError]] = defaultdict(list)
        ids = sorted({import_id for import_id, _ in keys})
        for error in await backend.import_errors(ids, max(first for _, first in keys)):
            found[error.import_id].append(error)
        return [found[import_id][:first] for import_id, first in keys]

    return DataLoader(load)
