"""What a fan may change of her own entry while the campaign is open: typed twins of `changes.sql`."""

from pathlib import Path
from typing import Any

import msgspec

from services.entries.backend import rules, wire
from services.entries.backend.store import entry_of
from services.kit.errors import DomainError, IllegalTransition, Invalid, NotFound, RateLimited
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("changes.sql"))
_ATTEMPTS = 3
_AMENDABLE = ("PENDING_PHONE", "ACCEPTED", "UNDER_REVIEW")
_WITHDRAWABLE = ("PENDING_PHONE", "ACCEPTED")


class CampaignNotOpen(DomainError):
    """The campaign takes no changes of registrations at this moment."""

    code = "CAMPAIGN_NOT_OPEN"


class InvalidPreferences(DomainError):
    """The ranked markets break a rule."""

    code = "INVALID_PREFERENCES"


class NotLive(IllegalTransition):
    """The entry is past being changed by its fan."""

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(state, wanted)
        self.message = f"An entry that is {state} cannot be changed or withdrawn."


class ChangeStore:
    """Changes of entries. The statements decide; the reads only tell what to say."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def amend(self, actor: str | None, amendment: wire.Amendment) -> wire.Entry:
        """Raises NotFound, CampaignNotOpen, NotLive, InvalidPreferences, Invalid."""
        for _ in range(_ATTEMPTS):
            row = await self._own(actor, amendment.id)
            _demand_open(row)
            _demand_state(row, _AMENDABLE, row["state"])
            _demand_grantable(
                rules.Terms.of(msgspec.convert(row["document"], wire.CampaignSnapshot)), row, amendment
            )
            if await self._database.fetchval(
                q.amend,
                id=row["id"],
                version=row["version"],
                user_id=actor,
                campaign_id=row["campaign_id"],
                campaign_version=row["campaign_version"],
                preferences=amendment.preferences,
                ticket_quantity=amendment.ticket_quantity,
            ):
                return entry_of(await self._own(actor, amendment.id))
        raise RateLimited(1, "The campaign is being changed right now. Try again in a second.")

    async def withdraw(self, actor: str | None, id_: str) -> wire.Entry:
        """Raises NotFound, CampaignNotOpen, NotLive."""
        for _ in range(_ATTEMPTS):
            row = await self._own(actor, id_)
            if row["state"] == "WITHDRAWN":
                return entry_of(row)
            _demand_open(row)
            _demand_state(row, _WITHDRAWABLE, "WITHDRAWN")
            if await self._database.fetchval(
                q.withdraw, id=id_, user_id=actor, campaign_id=row["campaign_id"]
            ):
                return entry_of(await self._own(actor, id_))
        raise RateLimited(1, "The entry is being changed right now. Try again in a second.")

    async def _own(self, actor: str | None, id_: str) -> Row:
        row = (
            await self._database.fetchrow(q.own_entry, id=id_, user_id=actor)
            if rules.is_plain(id_, 64)
            else None
        )
        if row is None:
            raise NotFound("You have no such entry. Check its id.")
        return row


def _demand_open(row: Row) -> None:
    if row["campaign_state"] != "OPEN":
        window: dict[str, Any] = {"opens_at": row["opens_at"], "closes_at": row["closes_at"]}
        raise CampaignNotOpen(
            "Entries can be changed only while registration is open.", state=row["campaign_state"], **window
        )


def _demand_state(row: Row, allowed: tuple[str, ...], wanted: str) -> None:
    if row["state"] not in allowed:
        raise NotLive(row["state"], wanted)


def _demand_grantable(terms: rules.Terms, row: Row, amendment: wire.Amendment) -> None:
    if amendment.preferences is not None and (
        issues := rules.preference_issues(terms, amendment.preferences)
    ):
        raise InvalidPreferences("The ranked markets have errors; see issues.", issues=issues)
    quantity = row["ticket_quantity"] if amendment.ticket_quantity is None else amendment.ticket_quantity
    ranked = row["preferences"] if amendment.preferences is None else amendment.preferences
    if issues := rules.ticket_issues(terms, quantity, ranked):
        raise Invalid(issues)
