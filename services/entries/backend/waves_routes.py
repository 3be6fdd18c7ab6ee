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


@api.post("/waves/preview", w.WaveId, w.PreviewAnswer)
async def preview_selection(call: Call[w.WaveId]) -> w.PreviewAnswer:
    """Says what a wave would come to if it were drawn now, or has the worker compute it. Decides nothing."""
    return await call.service.previews.preview(call.body.wave_id)


@api.post("/waves/previews", w.Ids, w.KeptPreviews)
async def get_previews(call: Call[w.Ids]) -> w.KeptPreviews:
    """Reads the previews that the worker computed of many waves."""
    return w.KeptPreviews(await call.service.previews.kept(call.body.ids))


@api.post("/waves/commit", w.CommitWave, w.WaveAnswer)
async def commit_wave(call: Call[w.CommitWave]) -> w.WaveAnswer:
    """Publishes the commitment to the seed, freezes the roster (or has the worker freeze it) and publishes its root."""
    committed = await call.service.rosters.commit(call.require_actor(), call.body)
    return w.WaveAnswer(await call.service.waves.wave(call.body.wave_id), replayed=not committed)


@api.post("/waves/run", w.RunWave, w.WaveAnswer)
async def run_selection(call: Call[w.RunWave]) -> w.WaveAnswer:
    """Has a committed wave drawn by the worker, and answers it with its job; safe to repeat."""
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
    return await call.service.proofs.verify(call.body.wave_id)


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


@api.post("/draws/of-campaigns", w.Ids, w.PublicDraws)
async def list_draws_of_campaigns(call: Call[w.Ids]) -> w.PublicDraws:
    """Reads what many campaigns published about their draws, oldest first."""
    return w.PublicDraws(await call.service.proofs.draws_of_campaigns(call.body.ids))


@api.post("/draws/receipts", w.Ids, w.Receipts)
async def list_receipts_of_entries(call: Call[w.Ids]) -> w.Receipts:
    """Reads what proves to many entries that they were on the rosters of waves."""
    return w.Receipts(await call.service.proofs.receipts_of_entries(call.body.ids))


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
