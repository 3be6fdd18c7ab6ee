"""Scores over REST."""

from services.entries.backend import scores_wire as s
from services.entries.backend import wire
from services.kit.rest import Api, Call

api = Api("Entry Service: scores", "1.0.0")


@api.post("/entries/scores", wire.EntryIds, s.Scores)
async def get_scores(call: Call[wire.EntryIds]) -> s.Scores:
    """Reads what entries score, and why; those without a score are left out."""
    return s.Scores(await call.service.scores.scores(call.body.ids))
