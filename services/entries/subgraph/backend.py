"""The Entry Service's registrations as this subgraph calls them: the only file that knows their HTTP paths."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.kit.paging import Page
from services.kit.upstream import Upstream, one_for_each


class Identity(msgspec.Struct, frozen=True):
    """What a verified token says of its account."""

    user_id: str
    issuer: str
    subject: str
    email: str | None
    name: str | None
    member_id: str | None
    locale: str | None
    country: str | None
    issued_at: int


class Entry(msgspec.Struct, frozen=True):
    """An entry as the Entry Service answers it; see its OpenAPI document."""

    id: str
    campaign_id: str
    team_id: str
    user_id: str
    state: str
    preferences: list[str]
    ticket_quantity: int
    submitted_at: datetime
    updated_at: datetime
    version: int


class Issue(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input."""

    path: list[str]
    code: str
    message: str


class Reason(msgspec.Struct, frozen=True):
    """An unmet requirement and what would meet it."""

    code: str
    values: tuple[str, ...] = ()


class Submission(msgspec.Struct, frozen=True):
    """One fan's registration, whether her browser sent `Sec-GPC: 1`, and from where it came: see `origins_rules`."""

    campaign_id: str
    identity: Identity
    preferences: list[str]
    ticket_quantity: int | None
    idempotency_key: str | None
    do_not_sell_signal: bool
    network: str | None
    device: str | None


class Submitted(msgspec.Struct, frozen=True, tag_field="outcome", tag="submitted"):
    entry: Entry
    replayed: bool


class AlreadyEntered(msgspec.Struct, frozen=True, tag_field="outcome", tag="already_entered"):
    entry: Entry


class CampaignNotOpen(msgspec.Struct, frozen=True, tag_field="outcome", tag="campaign_not_open"):
    state: str
    opens_at: datetime
    closes_at: datetime


class GateUnmet(msgspec.Struct, frozen=True, tag_field="outcome", tag="gate_unmet"):
    reasons: list[Reason]


class InvalidPreferences(msgspec.Struct, frozen=True, tag_field="outcome", tag="invalid_preferences"):
    issues: list[Issue]


class Refused(msgspec.Struct, frozen=True, tag_field="outcome", tag="refused"):
    code: str
    message: str
    issues: list[Issue] = []


Outcome = Submitted | AlreadyEntered | CampaignNotOpen | GateUnmet | InvalidPreferences | Refused


class PageRequest(msgspec.Struct, frozen=True):
    """One list of entries: `key` is a campaign or a user."""

    key: str
    limit: int
    after: str | None = None
    states: tuple[str, ...] | None = None
    appealed: bool = False


class _Entries(msgspec.Struct):
    entries: list[Entry]


class _Eligibilities(msgspec.Struct):
    reasons: dict[str, list[Reason]]


class _Outcomes(msgspec.Struct):
    outcomes: list[Outcome]


class _Pages(msgspec.Struct):
    pages: list[Page[Entry]]


class _Teams(msgspec.Struct):
    teams: dict[str, str]


class ViewerAnswers(msgspec.Struct):
    """A fan's entries, the newest of a campaign last, and unmet requirements by campaign id."""

    entries: list[Entry]
    reasons: dict[str, list[Reason]]


class EntriesBackend:
    """Calls of one request, on behalf of `actor`."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self.upstream = upstream
        self.actor = actor

    async def submit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """One outcome per submission, in order. Never sent twice."""
        answer = await self._post("/entries/submissions", _Outcomes, {"submissions": submissions})
        return one_for_each(submissions, answer.outcomes)

    async def amend(self, id_: str, preferences: list[str] | None, ticket_quantity: int | None) -> Entry:
        """Changes the actor's own entry. Raises the backend's problems."""
        body = {"id": id_, "preferences": preferences, "ticket_quantity": ticket_quantity}
        return await self._post("/entries/amend", Entry, body)

    async def withdraw(self, id_: str) -> Entry:
        """Withdraws the actor's own entry. Raises the backend's problems."""
        return await self._post("/entries/withdraw", Entry, {"id": id_})

    async def entries(self, ids: Sequence[str]) -> list[Entry]:
        """Entries by id; unknown ids are left out."""
        return (await self._read("/entries/batch", _Entries, {"ids": ids})).entries

    async def viewer(
        self, identity: Identity, *, entries_in: Sequence[str], eligibility_for: Sequence[str]
    ) -> ViewerAnswers:
        """One fan's entries in some campaigns, and why she cannot enter others."""
        body = {"identity": identity, "entries_in": entries_in, "eligibility_for": eligibility_for}
        return await self._read("/campaigns/viewer", ViewerAnswers, body)

    async def eligibility_of_entries(self, ids: Sequence[str]) -> dict[str, list[Reason]]:
        """Why each entry cannot be selected, by entry id."""
        return (await self._read("/entries/eligibility", _Eligibilities, {"ids": ids})).reasons

    async def teams_of_campaigns(self, ids: Sequence[str]) -> dict[str, str]:
        """Whose each campaign is, by campaign id."""
        return (await self._read("/campaigns/teams", _Teams, {"ids": ids})).teams

    async def pages_of_campaigns(self, pages: Sequence[PageRequest]) -> list[Page[Entry]]:
        """Pages of campaigns' entries, oldest first, in the order of the requests."""
        return one_for_each(pages, (await self._read("/campaigns/entries", _Pages, {"pages": pages})).pages)

    async def pages_of_users(self, pages: Sequence[PageRequest]) -> list[Page[Entry]]:
        """Pages of users' entries, newest first, in the order of the requests."""
        return one_for_each(pages, (await self._read("/users/entries", _Pages, {"pages": pages})).pages)

    async def _read(self, path: str, returns: Any, body: Any) -> Any:
        return await self.upstream.call("POST", path, returns, body, actor=self.actor, idempotent=True)

    async def _post(self, path: str, returns: Any, body: Any) -> Any:
        return await self.upstream.call("POST", path, returns, body, actor=self.actor)
