"""SQL about entries as they are: typed twins of `queries.sql`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from services.entries.backend import rules, submissions_rules, wire
from services.kit.paging import Page, cut
from services.kit.pg import Database, Queries, Query, Row

q = Queries(Path(__file__).with_name("queries.sql"))
reviews = Queries(Path(__file__).with_name("reviews.sql"))


class Store:
    """Reads of the entries database. States are those of this very moment, deadlines included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, ids: Sequence[str]) -> list[wire.Entry]:
        """The entries of these ids, as far as they exist."""
        return [entry_of(row) for row in await self._database.fetch(q.entries_by_id, ids=list(ids))]

    async def entries_of_user(self, user_id: str, campaign_ids: Sequence[str]) -> list[wire.Entry]:
        """A user's entries in these campaigns, the newest of a campaign last."""
        rows = await self._database.fetch(q.entries_of_user, user_id=user_id, campaign_ids=list(campaign_ids))
        return [entry_of(row) for row in rows]

    async def viewer(self, questions: wire.ViewerQuestions) -> wire.ViewerAnswers:
        """What pages show of a fan, by one statement for her entries and one for what she lacks, as far as asked."""
        identity, answers = questions.identity, wire.ViewerAnswers([], {})
        if questions.entries_in:
            answers.entries = await self.entries_of_user(identity.user_id, questions.entries_in)
        if questions.eligibility_for:
            answers.reasons = await self.eligibility_for_campaigns(identity, questions.eligibility_for)
        return answers

    async def pages_of_campaigns(self, pages: Sequence[wire.PageRequest]) -> list[Page[wire.Entry]]:
        """One page per request, in order, oldest entries first.

        What reviewers look at is few among many, and found by an index of its own: a second statement where asked for.
        """
        to_review = [page for page in pages if page.appealed or page.states == ["UNDER_REVIEW"]]
        if not to_review:
            return await self._pages(q.pages_of_campaigns, pages)
        special = iter(
            await self._pages(reviews.pages_to_review, to_review, appealed=[p.appealed for p in to_review])
        )
        others = [page for page in pages if page not in to_review]
        plain = iter(await self._pages(q.pages_of_campaigns, others) if others else [])
        return [next(special if page in to_review else plain) for page in pages]

    async def pages_of_users(self, pages: Sequence[wire.PageRequest]) -> list[Page[wire.Entry]]:
        """One page per request, in order, newest entries first."""
        return await self._pages(q.pages_of_users, pages)

    async def teams_of_campaigns(self, ids: Sequence[str]) -> dict[str, str]:
        """Whose each campaign is, as far as they are known here."""
        rows = await self._database.fetch(q.teams_of_campaigns, ids=list(ids))
        return {row["id"]: row["team_id"] for row in rows}

    async def eligibility_of_entries(self, ids: Sequence[str]) -> dict[str, list[wire.Reason]]:
        """Why each entry cannot be selected; unknown ids are left out."""
        rows = await self._database.fetch(q.facts_of_entries, ids=list(ids))
        return {
            row["id"]: rules.eligibility(
                _terms(row),
                rules.Facts(
                    phone_verified=bool(row["phone_verified"]),
                    country=row["country"] or row["known_country"],
                    is_member=row["is_member"] or bool(row["member_id"]),
                    accounts=frozenset(row["accounts"] or ()),
                    cards=frozenset(row["cards"] or ()),
                    tiers=frozenset(row["tiers"] or ()),
                ),
                entry_state=row["state"],
                score=row["score"],
                selected=row["selected"],
            )
            for row in rows
        }

    async def eligibility_for_campaigns(
        self, identity: wire.Identity, campaign_ids: Sequence[str]
    ) -> dict[str, list[wire.Reason]]:
        """Why the fan cannot enter (or, having entered, be selected in) each campaign; unknown ids are left out."""
        rows = await self._database.fetch(
            q.facts_of_campaigns, user_id=identity.user_id, campaign_ids=list(campaign_ids)
        )
        terms = {row["id"]: _terms(row) for row in rows}
        return {
            row["id"]: rules.eligibility(
                terms[row["id"]],
                submissions_rules.facts_of(
                    identity,
                    phone_verified=row["phone_verified"],
                    country=row["known_country"],
                    member_id=row["member_id"],
                    accounts=row["accounts"],
                    cards=row["cards"],
                    tiers=row["tiers"],
                ),
                entry_state=row["state"],
                campaign_state=row["campaign_state"],
                identified=rules.identity_of(terms[row["id"]], identity, row["member_id"]) is not None,
                score=row["score"],
                selected=row["selected"],
            )
            for row in rows
        }

    async def _pages(
        self, query: Query, pages: Sequence[wire.PageRequest], **more: Any
    ) -> list[Page[wire.Entry]]:
        rows = await self._database.fetch(
            query,
            keys=[p.key for p in pages],
            states=[",".join(p.states) if p.states is not None else None for p in pages],
            afters=[p.after for p in pages],
            limits=[p.limit for p in pages],
            **more,
        )
        found: list[list[wire.Entry]] = [[] for _ in pages]
        for row in rows:
            found[row["place"] - 1].append(entry_of(row))
        return [cut(entries, page.limit) for entries, page in zip(found, pages, strict=True)]


def entry_of(row: Row) -> wire.Entry:
    """An entry from a row of `entry_now`."""
    return wire.Entry(
        id=row["id"],
        campaign_id=row["campaign_id"],
        team_id=row["team_id"],
        user_id=row["user_id"],
        state=row["state"],
        preferences=row["preferences"],
        ticket_quantity=row["ticket_quantity"],
        submitted_at=row["submitted_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )


def _terms(row: Any) -> rules.Terms:
    return rules.Terms.of(msgspec.convert(row["document"], wire.CampaignSnapshot))
