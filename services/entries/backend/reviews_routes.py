"""Reviews over REST."""

from services.entries.backend import reviews_wire as w
from services.entries.backend import wire
from services.kit.rest import Api, Call

api = Api("Entry Service: reviews", "1.0.0")


@api.post("/entries/review", w.NewDecision, wire.Entry)
async def review_entry(call: Call[w.NewDecision]) -> wire.Entry:
    """Lets the actor's decision about an entry take effect, if the entry is as she saw it."""
    return await call.service.reviews.decide(call.require_actor(), call.body)


@api.post("/entries/appeal", w.NewAppeal, w.AppealAnswer)
async def appeal_entry(call: Call[w.NewAppeal]) -> w.AppealAnswer:
    """Keeps what the actor says to the last decision about her own entry, once a decision."""
    return await call.service.reviews.appeal(call.require_actor(), call.body)


@api.post("/entries/reviews", wire.EntryIds, w.Reviews)
async def get_reviews(call: Call[wire.EntryIds]) -> w.Reviews:
    """Reads all decisions about entries, the newest first, with notes and appeals."""
    return w.Reviews(await call.service.reviews.reviews(call.body.ids))


@api.post("/campaigns/review-threshold", w.Threshold)
async def set_review_threshold(call: Call[w.Threshold]) -> None:
    """Sets below which score a campaign's entries are held back for people to look at."""
    await call.service.reviews.set_threshold(call.require_actor(), call.body)


@api.post("/campaigns/review-thresholds", wire.CampaignIds, w.Thresholds)
async def get_review_thresholds(call: Call[wire.CampaignIds]) -> w.Thresholds:
    """Reads below which scores campaigns' entries are held back."""
    return w.Thresholds(await call.service.reviews.thresholds(call.body.ids))
