"""Waves and selections over REST."""

from services.entries.backend import waves_wire as w
from services.kit.paging import Page
from services.kit.rest import Api, Call

api = Api("Entry Service: waves", "1.0.0")
MOST_SELECTIONS = 5000


@api.post("/waves", w.NewWave, w.WaveAnswer)
async def create_wave(call: Call[w.NewWave]) -> w.WaveAnswer:
    """Drafts a wave."""
    return await call.service.waves.create(call.require_actor(), call.body)


@api.post("/waves/preview", w.WaveId, w.Preview)
async def preview_selection(call: Call[w.WaveId]) -> w.Preview:
    """Says what a wave would come to if it were drawn now. Writes nothing."""
    return await call.service.rosters.preview(call.body.wave_id)


@api.post("/waves/commit", w.WaveId, w.WaveAnswer)
async def commit_wave(call: Call[w.WaveId]) -> w.WaveAnswer:
    """Freezes the roster, publishes its root and the commitment to the seed."""
    committed = await call.service.rosters.commit(call.require_actor(), call.body.wave_id)
    return w.WaveAnswer(await call.service.waves.wave(call.body.wave_id), replayed=not committed)


@api.post("/waves/run", w.RunWave, w.WaveAnswer)
async def run_selection(call: Call[w.RunWave]) -> w.WaveAnswer:
    """Has a committed wave drawn by the worker; safe to repeat."""
    return await call.service.waves.run(call.require_actor(), call.body)


@api.post("/waves/finalize", w.WaveId, w.WaveAnswer)
async def finalize_wave(call: Call[w.WaveId]) -> w.WaveAnswer:
    """Makes the outcome of a run final: fans see it, codes may be assigned."""
    return await call.service.waves.finalize(call.require_actor(), call.body.wave_id)


@api.post("/waves/cancel", w.WaveId, w.WaveAnswer)
async def cancel_wave(call: Call[w.WaveId]) -> w.WaveAnswer:
    """Calls a wave off that is not final."""
    return await call.service.waves.cancel(call.require_actor(), call.body.wave_id)


@api.post("/waves/verify", w.WaveId, w.Verification)
async def verify_draw(call: Call[w.WaveId]) -> w.Verification:
    """Recomputes a draw from its frozen roster and published seed, and compares."""
    return await call.service.selections.verify(call.body.wave_id)


@api.post("/waves/batch", w.Ids, w.Waves)
async def get_waves(call: Call[w.Ids]) -> w.Waves:
    """Reads waves by id; unknown ids are left out."""
    return w.Waves(await call.service.waves.waves(call.body.ids))


@api.post("/waves/of-campaigns", w.Ids, w.Waves)
async def list_waves_of_campaigns(call: Call[w.Ids]) -> w.Waves:
    """Reads all waves of many campaigns, oldest first."""
    return w.Waves(await call.service.waves.waves_of_campaigns(call.body.ids))


@api.post("/waves/selections", w.SelectionPageRequests, w.SelectionPages)
async def list_selections_of_waves(call: Call[w.SelectionPageRequests]) -> w.SelectionPages:
    """Reads pages of many waves' selections, in id order."""
    return w.SelectionPages(await call.service.selections.pages_of_waves(call.body.pages))


@api.get("/waves/{id}", w.WaveForCodes)
async def get_wave_for_codes(call: Call[None]) -> w.WaveForCodes:
    """Tells the Code Service where a wave is and how many fans won each event."""
    return await call.service.waves.for_codes(call.path("id"))


@api.get("/waves/{id}/selections", Page[w.Selection], query=["after", "limit"])
async def page_selections_for_codes(call: Call[None]) -> Page[w.Selection]:
    """Hands a wave's selections to the Code Service, page by page in id order; an unknown wave has none."""
    limit = call.limit(default=1000, most=MOST_SELECTIONS)
    asked = w.SelectionPageRequest(call.path("id"), limit, call.query("after"))
    [page] = await call.service.selections.pages_of_waves([asked])
    return page


@api.post("/selections/batch", w.Ids, w.Selections)
async def get_selections(call: Call[w.Ids]) -> w.Selections:
    """Reads selections by id; unknown ids are left out."""
    return w.Selections(await call.service.selections.selections(call.body.ids))


@api.post("/selections/of-entries", w.Ids, w.Selections)
async def list_selections_of_entries(call: Call[w.Ids]) -> w.Selections:
    """Reads what many entries have won in finalized waves, oldest first."""
    return w.Selections(await call.service.selections.final_selections_of_entries(call.body.ids))
