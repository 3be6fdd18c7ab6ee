"""The distribution of a wave's codes: how it starts, and the job that carries it out.

Entries decides who wins, so the winners are pulled from there, in pages.
"""

import asyncio
from collections.abc import Mapping

from services.codes.backend import wire
from services.codes.backend.deliveries_store import DeliveryStore
from services.codes.backend.distributions_store import DistributionStore
from services.codes.backend.rules import WaveNotFinalized
from services.codes.backend.store import Store
from services.kit.errors import NotFound, Unavailable
from services.kit.upstream import Problem, Upstream

PAGE = 5000


async def start(
    store: DistributionStore, entries: Upstream, actor: str, new: wire.NewDistribution
) -> wire.DistributionStarted:
    """The wave's one distribution, started unless it was before.

    Raises WaveNotFinalized, InsufficientCodes, IdempotencyMismatch, NotFound.
    """
    wave = None
    if not await store.exists(new.wave_id):
        wave = await read_wave(entries, new.wave_id)
        if wave.state != "FINALIZED":
            raise WaveNotFinalized(wave.state)
    return await store.start(actor, new, wave)


async def distribute(
    store: DistributionStore, deliveries: DeliveryStore, entries: Upstream, distribution_id: str
) -> None:
    """Gives every winner of the wave a code, a page at a time, then releases them and puts their messages in line.

    Each page is one transaction that also moves the place where the next one begins: killed anywhere and run
    again, by however many workers, it does what one undisturbed run does.
    """
    while place := await store.place(distribution_id):
        page = await _read_selections(entries, place.wave_id, place.after)
        if page.items and not await store.pair(distribution_id, place, page.items):
            continue
        if not page.has_next:
            await store.finish(distribution_id)
    await deliveries.queue(distribution_id)


async def scopes(
    store: Store, peers: Mapping[str, Upstream], things: wire.ScopeQuestions
) -> list[wire.Scope]:
    """Whose these things are. Only the Entry Service knows that of a wave that has no codes yet."""
    found = await store.scopes(things)
    unknown = [wave_id for wave_id in things.waves if wave_id not in found]
    if not unknown or "entries" not in peers:
        return list(found.values())
    waves = await asyncio.gather(*(_wave_or_none(peers["entries"], wave_id) for wave_id in unknown))
    campaigns = {wave.id: wave.campaign_id for wave in waves if wave}
    theirs = await store.scopes(wire.ScopeQuestions(), list(campaigns.values()))
    for wave_id, campaign_id in campaigns.items():
        if scope := theirs.get(campaign_id):
            found[wave_id] = wire.Scope(wave_id, scope.team_id, campaign_id)
    return list(found.values())


async def read_wave(entries: Upstream, wave_id: str) -> wire.Wave:
    """The wave as the Entry Service knows it. Raises NotFound, Unavailable."""
    try:
        return await entries.call("GET", f"/waves/{wave_id}", wire.Wave)
    except Problem as problem:
        if problem.code == "NOT_FOUND":
            raise NotFound("There is no such wave.") from None
        raise Unavailable("The wave cannot be read right now. Try again shortly.") from problem


async def _wave_or_none(entries: Upstream, wave_id: str) -> wire.Wave | None:
    try:
        return await read_wave(entries, wave_id)
    except NotFound:
        return None


async def _read_selections(entries: Upstream, wave_id: str, after: str) -> wire.Selections:
    params = {"after": after or None, "limit": PAGE}
    page = await entries.call("GET", f"/waves/{wave_id}/selections", wire.Selections, params=params)
    if page.items and min(selection.id for selection in page.items) <= after:
        raise Unavailable("The Entry Service gave a page of winners again that was behind us.")
    return page
