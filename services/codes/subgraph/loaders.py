"""Batched reads: one call for all keys of a request, results in key order."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from strawberry.dataloader import DataLoader

from services.codes.subgraph.backend import Code, CodesBackend, Distribution, Import, LineError, Pool
from services.codes.subgraph.deliveries_backend import DeliveriesBackend
from services.codes.subgraph.deliveries_loaders import DeliveriesOfCodes
from services.codes.subgraph.holders_backend import HoldersBackend
from services.codes.subgraph.holders_loaders import Holders
from services.codes.subgraph.redemptions_backend import RedemptionsBackend
from services.codes.subgraph.redemptions_loaders import RedemptionsOfCodes
from services.codes.subgraph.voids_backend import VoidsBackend
from services.codes.subgraph.webhooks_backend import WebhooksBackend
from services.codes.subgraph.webhooks_loaders import WebhooksOfTeams
from services.kit.access import Access, Scope
from services.kit.graphql import Caller, Context
from services.kit.loaders import by_key, grouped
from services.kit.upstream import Upstream

Thing = tuple[str, str]
"""A kind (`events`, `pools`, `waves`, `selections`) and an id."""
ErrorsKey = tuple[str, int, int]
"""An import, how many of its errors are asked for, and behind which line."""

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
    deliveries: DeliveriesOfCodes
    redemptions: RedemptionsOfCodes
    holders: Holders
    voids: VoidsBackend
    webhooks: WebhooksOfTeams


def make_context(caller: Caller, upstream: Upstream, access: Access) -> CodesContext:
    """The context of one request."""
    actor = caller.principal.user_id if caller.principal else None
    backend = CodesBackend(upstream, actor)
    return CodesContext(
        **vars(caller),
        access=access,
        backend=backend,
        scope_of=_scope_of(backend),
        pool_by_id=by_key(lambda ids: backend.pools(ids=ids), lambda pool: pool.id, accepts=_plausible),
        pool_by_event=by_key(
            lambda ids: backend.pools(event_ids=ids), lambda pool: pool.event_id, accepts=_plausible
        ),
        import_by_id=by_key(backend.imports, lambda each: each.id, accepts=_plausible),
        errors_by_import=_errors_by_import(backend),
        distribution_by_id=by_key(
            lambda ids: backend.distributions(ids=ids), lambda each: each.id, accepts=_plausible
        ),
        distribution_by_wave=by_key(
            lambda ids: backend.distributions(wave_ids=ids), lambda each: each.wave_id, accepts=_plausible
        ),
        code_by_id=by_key(lambda ids: backend.codes(ids=ids), lambda code: code.id, accepts=_plausible),
        code_by_selection=by_key(
            lambda ids: backend.codes(selection_ids=ids), lambda code: code.selection_id, accepts=_plausible
        ),
        codes_by_entry=grouped(
            lambda ids: backend.codes(entry_ids=ids), lambda code: code.entry_id, accepts=_plausible
        ),
        deliveries=DeliveriesOfCodes(DeliveriesBackend(upstream, actor)),
        redemptions=RedemptionsOfCodes(RedemptionsBackend(upstream, actor)),
        holders=Holders(HoldersBackend(upstream, actor), _plausible),
        voids=VoidsBackend(upstream, actor),
        webhooks=WebhooksOfTeams(WebhooksBackend(upstream, actor)),
    )


def _plausible(text: str) -> bool:
    """Whether the Code Service would take this for an id; it refuses a request that has any other."""
    return _ID.fullmatch(text) is not None


def _scope_of(backend: CodesBackend) -> DataLoader[Thing, Scope | None]:
    async def load(things: list[Thing]) -> list[Scope | None]:
        asked: dict[str, list[str]] = defaultdict(list)
        for kind, thing_id in things:
            if _plausible(thing_id):
                asked[kind].append(thing_id)
        scopes = await backend.scopes(asked) if asked else []
        found = {scope.id: Scope(scope.team_id, scope.campaign_id) for scope in scopes}
        return [found.get(thing_id) for _, thing_id in things]

    return DataLoader(load)


def _errors_by_import(backend: CodesBackend) -> DataLoader[ErrorsKey, list[LineError]]:
    async def load(keys: Sequence[ErrorsKey]) -> list[list[LineError]]:
        found: dict[tuple[str, int], list[LineError]] = defaultdict(list)
        for after in sorted({after for _, _, after in keys}):  # one place in the file in any sensible request
            ids = sorted({import_id for import_id, _, place in keys if place == after})
            most = max(first for _, first, place in keys if place == after)
            for error in await backend.import_errors(ids, most, after):
                found[error.import_id, after].append(error)
        return [found[import_id, after][:first] for import_id, first, after in keys]

    return DataLoader(load)
