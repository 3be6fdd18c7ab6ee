"""How many entries lack what: typed twins of `eligibility.sql`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from services.entries.backend import metrics_wire as m
from services.entries.backend import rules, wire
from services.kit import jobs
from services.kit.pg import Database, Queries, Row

q = Queries(Path(__file__).with_name("eligibility.sql"))
_FRESH_SECONDS = 60.0
_PATIENCE_SECONDS = 120


class EligibilityStore:
    """Numbers of eligibility: counted while the caller waits up to `live` entries of a campaign, by the worker beyond.

    They depend on fans' facts and on the clock (proofs expire), so that no counter could be kept of them.
    """

    def __init__(self, database: Database, *, live: int) -> None:
        self._database = database
        self._patient = database.patient(_PATIENCE_SECONDS)
        self._live = live

    async def counts(self, campaign_ids: Sequence[str]) -> list[m.EligibilityCounts]:
        """One for each campaign, in order. Asks the worker for newer numbers of large campaigns where they are old."""
        rows = await self._database.fetch(
            q.asked_campaigns, ids=list(campaign_ids), fresh_seconds=_FRESH_SECONDS
        )
        small = {row["id"]: row["document"] for row in rows if row["entries"] <= self._live}
        found = await self._count(self._database, small) if small else {}
        large = [row for row in rows if row["id"] not in small]
        for row in large:
            kept = row["result"]
            found[row["id"]] = msgspec.convert(kept, m.EligibilityCounts) if kept else m.EligibilityCounts()
        await self._ask([row["id"] for row in large if row["stale"]])
        return [found.get(id_, m.EligibilityCounts()) for id_ in campaign_ids]

    async def recount(self, campaign_id: str) -> None:
        """Counts a campaign and keeps the numbers. The job's task: repeating it only makes them newer."""
        row = await self._database.fetchrow(q.terms, id=campaign_id)
        if row is None:
            return
        counts = (await self._count(self._patient, {campaign_id: row["document"]}))[campaign_id]
        await self._database.execute(
            q.keep, campaign_id=campaign_id, computed_at=counts.computed_at, result=counts
        )

    async def _ask(self, campaign_ids: list[str]) -> None:
        if not campaign_ids:
            return
        async with self._database.transaction() as connection:
            asked = await self._database.fetch(
                q.ask, connection, ids=campaign_ids, fresh_seconds=_FRESH_SECONDS
            )
            for row in asked:
                await jobs.defer(
                    connection,
                    "entries:recount",
                    queue="entries",
                    lock="entries:recount",
                    campaign_id=row["campaign_id"],
                )

    async def _count(
        self, database: Database, documents: Mapping[str, object]
    ) -> dict[str, m.EligibilityCounts]:
        """What is counted now of campaigns whose documents are given."""
        async with database.transaction() as connection:
            rows = await database.fetch(q.judged_facts, connection, ids=list(documents))
            now = await database.fetchval(q.now, connection)
        terms = {
            id_: rules.Terms.of(msgspec.convert(document, wire.CampaignSnapshot))
            for id_, document in documents.items()
        }
        found: dict[str, Counter[wire.EligibilityCode]] = {id_: Counter() for id_ in documents}
        eligible: Counter[str] = Counter()
        for row in rows:
            campaign_id, count = row["campaign_id"], row["count"]
            codes: set[wire.EligibilityCode] = {reason.code for reason in _reasons(terms[campaign_id], row)}
            for code in codes:
                found[campaign_id][code] += count
            eligible[campaign_id] += 0 if codes else count
        return {
            id_: m.EligibilityCounts(
                eligible=eligible[id_],
                reasons=[m.ReasonCount(code, count) for code, count in sorted(counted.items())],
                computed_at=now,
            )
            for id_, counted in found.items()
        }


def _reasons(terms: rules.Terms, row: Row) -> list[wire.Reason]:
    facts = rules.Facts(
        phone_verified=bool(row["phone_verified"]),
        country=row["country"] or row["known_country"],
        is_member=row["is_member"] or row["known_member"],
        accounts=frozenset(row["accounts"] or ()),
        cards=frozenset(row["cards"] or ()),
        tiers=frozenset(row["tiers"] or ()),
    )
    return rules.eligibility(
        terms, facts, entry_state=row["state"], score=row["score"], selected=row["selected"]
    )
