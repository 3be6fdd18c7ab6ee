"""Scores from outside over REST."""

from services.entries.backend import score_imports_wire as s
from services.entries.backend.waves_wire import Ids
from services.kit.rest import Api, Call

api = Api("Entry Service: scores from outside", "1.0.0")


@api.put("/scores", s.GivenScores, s.ScoresTaken)
async def put_scores(call: Call[s.GivenScores]) -> s.ScoresTaken:
    """Takes up to a thousand scores for a campaign from an outside scorer; safe to repeat.

    An outside score counts before the built-in one of the same entry, from the answer on. A score that cannot be
    taken is named by its place, and keeps no other out.
    """
    return await call.service.score_imports.take(call.body)


@api.post("/score-imports", s.NewScoreImport, s.ScoreImportAnswer)
async def start_score_import(call: Call[s.NewScoreImport]) -> s.ScoreImportAnswer:
    """Has an upload of scores read by the worker."""
    return await call.service.score_imports.start(
        call.require_actor(), call.body, call.service.peer("campaigns")
    )


@api.post("/score-imports/batch", Ids, s.ScoreImports)
async def get_score_imports(call: Call[Ids]) -> s.ScoreImports:
    """Reads imports of scores by id; unknown ids are left out."""
    return s.ScoreImports(await call.service.score_imports.imports(call.body.ids))


@api.post("/score-imports/of-campaigns", Ids, s.ScoreImports)
async def list_score_imports_of_campaigns(call: Call[Ids]) -> s.ScoreImports:
    """Reads the last hundred imports of scores of many campaigns, newest first."""
    return s.ScoreImports(await call.service.score_imports.imports_of_campaigns(call.body.ids))


@api.post("/score-imports/errors", s.ErrorsWanted, s.LineErrors)
async def list_score_import_errors(call: Call[s.ErrorsWanted]) -> s.LineErrors:
    """Reads the first lines of imports that were not taken, and why."""
    return s.LineErrors(await call.service.score_imports.errors(call.body))
