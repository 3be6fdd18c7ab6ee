"""The rows of an export, some thousands at a time, as columns."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from services.entries.backend import exports_rules, rules, wire
from services.entries.backend import exports_wire as x
from services.entries.backend.exports_rules import Columns
from services.entries.backend.rosters_store import facts_of
from services.kit.errors import Unavailable
from services.kit.pg import Connection, Database, Queries, Query, Row
from services.kit.upstream import Upstream

q = Queries(Path(__file__).with_name("exports.sql"))
_CONTACTS_AT_ONCE = 1000


class Sources:
    """Where the rows of an export come from: this database, the Code Service for codes, the User Service for contacts.

    What is personal is asked for while the file is written and kept nowhere else.
    """

    def __init__(self, database: Database, peers: Mapping[str, Upstream]) -> None:
        self._database = database
        self._peers = peers

    async def columns(self, connection: Connection, job: Row, *, rows: int) -> AsyncIterator[Columns]:
        """The job's rows as of the transaction's moment. Codes are those of the moments at which they are read."""
        campaign = msgspec.convert(job["document"], wire.CampaignSnapshot)
        at = [column.name for column in exports_rules.COLUMNS[job["kind"]]].index("user_id")
        source = self._codes if job["kind"] == "CODES" else self._own
        async for values in source(connection, job, campaign, rows):
            yield values + await self._contacts(values[at]) if job["personal_data"] else values

    async def _own(
        self, connection: Connection, job: Row, campaign: wire.CampaignSnapshot, rows: int
    ) -> AsyncIterator[Columns]:
        query, present = _presenter(job["kind"], campaign)
        found = self._database.stream(
            query,
            connection,
            rows=rows,
            campaign_id=job["campaign_id"],
            states=job["states"],
            sharing=job["purpose"] == "SHARING",
        )
        async for some in found:
            yield present(some)

    async def _codes(
        self, connection: Connection, job: Row, campaign: wire.CampaignSnapshot, rows: int
    ) -> AsyncIterator[Columns]:
        events = {event.id: event.name for event in campaign.events}
        after: str | None = None
        while True:
            body = {"campaign_id": job["campaign_id"], "after": after, "limit": rows}
            page = await self._peer("codes").call(
                "POST", "/codes/export-page", x.CodePage, body, idempotent=True
            )
            codes = page.codes
            if job["purpose"] == "SHARING":
                codes = await self._shared(connection, codes)
            if codes:
                yield exports_rules.codes(codes, events)
            if (after := page.next) is None:
                return

    async def _shared(self, connection: Connection, codes: Sequence[x.ExportedCode]) -> list[x.ExportedCode]:
        users = sorted({code.user_id for code in codes if code.user_id})
        unshared = {
            row["user_id"] for row in await self._database.fetch(q.unshared, connection, user_ids=users)
        }
        return [code for code in codes if code.user_id not in unshared]

    async def _contacts(self, user_ids: Sequence[str | None]) -> Columns:
        users = sorted({user_id for user_id in user_ids if user_id})
        known: dict[str, x.Contact] = {}
        for start in range(0, len(users), _CONTACTS_AT_ONCE):
            body = {"ids": users[start : start + _CONTACTS_AT_ONCE]}
            answer = await self._peer("users").call(
                "POST", "/users/contacts", x.Contacts, body, idempotent=True
            )
            known.update((contact.id, contact) for contact in answer.contacts)
        return exports_rules.contacts(user_ids, known)

    def _peer(self, name: str) -> Upstream:
        if name not in self._peers:
            raise Unavailable(f"{name.upper()}_BACKEND_URL is not set.")
        return self._peers[name]


def _presenter(kind: str, campaign: wire.CampaignSnapshot) -> tuple[Query, Callable[[list[Row]], Columns]]:
    """Which rows, and what makes columns of them."""
    markets = {market.id: market.name for market in campaign.markets}
    if kind == "ENTRIES":
        wishes = exports_rules.Wishes(markets)
        return q.exported_entries, lambda rows: exports_rules.entries(rows, wishes)
    if kind == "SELECTIONS":
        events = {event.id: event.name for event in campaign.events}
        return q.exported_selections, lambda rows: exports_rules.selections(rows, markets, events)
    judge = _judge(rules.Terms.of(campaign))
    return q.exported_eligibility, lambda rows: exports_rules.eligibility(rows, judge)


def _judge(terms: rules.Terms) -> Callable[[Any], list[str]]:
    """The reasons against an entry. Most fans are alike, so each set of facts is judged once."""
    known: dict[Any, list[str]] = {}

    def reasons(row: Row) -> list[str]:
        key = row["key"], row["state"], row["score"], row["selected"]
        found = known.get(key)
        if found is None:
            against: Iterable[wire.Reason] = rules.eligibility(
                terms, facts_of(row), entry_state=row["state"], score=row["score"], selected=row["selected"]
            )
            found = known[key] = [reason.code for reason in against]
        return found

    return reasons
