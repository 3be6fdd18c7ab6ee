"""The User Service's REST API about the audit log."""

from services.kit.errors import Invalid, Issue
from services.kit.paging import cut
from services.kit.rest import Api, Call
from services.users.backend import wire

api = Api("User Service", "1.0.0")


@api.post("/audit/events", wire.AuditEvents)
async def receive_audit_events(call: Call[wire.AuditEvents]) -> None:
    """Takes other services' events into their teams' chains. Safe to repeat."""
    await call.service.audit.receive(call.body.events)


@api.get("/teams/{id}/audit-events", wire.AuditPage, query=("campaign_id", "before", "limit"))
async def get_audit_events(call: Call[None]) -> wire.AuditPage:
    """Reads a team's events, or those of one of its campaigns, newest first."""
    limit = call.limit()
    before = _sequence(call.query("before"))
    found = await call.service.audit.page(call.path("id"), call.query("campaign_id"), before, limit + 1)
    page = cut(found, limit)
    return wire.AuditPage(page.items, page.has_next)


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid([Issue(["after"], "BAD_CURSOR", "after must be a cursor from an earlier page")])
    return int(text)
