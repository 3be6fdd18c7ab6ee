"""Registrations by the batch: one read, the rules, one insert; a further read only for what was not taken."""

from collections.abc import Sequence
from pathlib import Path

import asyncpg
import msgspec

from services.entries.backend import rules, scores_rules, submissions_rules, wire
from services.entries.backend.store import entry_of
from services.entries.backend.submissions_rules import Candidate, Situation
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Database, Queries, Row
from services.kit.sealing import LookupKey

q = Queries(Path(__file__).with_name("submissions.sql"))
_ATTEMPTS = 3
_REMEMBERED_CAMPAIGNS = 500
_ERASED_MEANWHILE = "23000"  # what the trigger entry_not_erased raises
_BUSY = wire.Refused("RATE_LIMITED", "The campaign is being changed right now. Try again in a second.")


class SubmissionStore:
    """Takes registrations.

    Terms of campaigns are remembered by version; the insert takes none on terms that are not the newest.
    """

    def __init__(
        self,
        database: Database,
        lookup: LookupKey,
        outbox: Outbox,
        *,
        disposable: frozenset[str] = frozenset(),
    ) -> None:
        self._database = database
        self._lookup = lookup
        self._outbox = outbox
        self._disposable = disposable
        self._terms: dict[str, rules.Terms] = {}

    async def submit(self, submissions: Sequence[wire.Submission]) -> list[wire.Outcome]:
        """One outcome per submission, in order. Two statements when all are taken."""
        outcomes: list[wire.Outcome | None] = [submissions_rules.screen(s) for s in submissions]
        for _ in range(_ATTEMPTS):
            open_places = [place for place, outcome in enumerate(outcomes) if outcome is None]
            if not open_places:
                break
            for place, outcome in zip(
                open_places, await self._attempt([submissions[p] for p in open_places]), strict=True
            ):
                outcomes[place] = outcome
        return [outcome or _BUSY for outcome in outcomes]

    async def _attempt(self, submissions: Sequence[wire.Submission]) -> list[wire.Outcome | None]:
        """As `submit`, but None for those whose campaign changed in between."""
        examined = await self._examine(submissions)
        candidates = [c for c in examined if isinstance(c, Candidate)]
        for candidate in candidates:
            if candidate.identity is not None:
                candidate.key = self._lookup.digest(
                    f"entry {candidate.terms.identity_key}", candidate.identity
                )
        outcomes: dict[int, wire.Outcome | None] = await self._insert(candidates)
        if rest := [c for c in candidates if id(c) not in outcomes]:
            situations = await self._situations(rest)
            for candidate in rest:
                now = situations.get((candidate.terms.id, candidate.key))
                outcomes[id(candidate)] = submissions_rules.explain(candidate, now)
        return [outcomes[id(c)] if isinstance(c, Candidate) else c for c in examined]

    async def _examine(self, submissions: Sequence[wire.Submission]) -> list[Candidate | wire.Outcome]:
        known = {s.campaign_id: self._terms.get(s.campaign_id) for s in submissions}
        rows = await self._database.fetch(
            q.prepare,
            campaign_ids=[s.campaign_id for s in submissions],
            known_versions=[terms.version if (terms := known[s.campaign_id]) else None for s in submissions],
            user_ids=[s.identity.user_id for s in submissions],
        )
        examined: list[Candidate | wire.Outcome] = []
        for submission, row in zip(submissions, rows, strict=True):
            if submissions_rules.is_erased(submission.identity, row["erased_until"]):
                examined.append(submissions_rules.ERASED)
                continue
            if row["document"] is not None:
                known[submission.campaign_id] = self._learn(row)
            facts = submissions_rules.facts_of(
                submission.identity,
                phone_verified=row["phone_verified"],
                country=row["country"],
                member_id=row["member_id"],
                accounts=row["accounts"],
                cards=row["cards"],
                tiers=row["tiers"],
            )
            examined.append(
                submissions_rules.examine(submission, known[submission.campaign_id], facts, row["member_id"])
            )
        return examined

    async def _insert(self, candidates: Sequence[Candidate]) -> dict[int, wire.Outcome | None]:
        """What was taken, by `id(candidate)`. Of several with one identity in a batch the first goes."""
        first: dict[tuple[str, bytes], Candidate] = {}
        for candidate in candidates:
            if candidate.refusal is None:
                first.setdefault((candidate.terms.id, candidate.key), candidate)
        if not first:
            return {}
        chosen = list(first.values())
        try:
            rows = await self._insert_rows(chosen)
        except asyncpg.IntegrityConstraintViolationError as error:
            if error.sqlstate != _ERASED_MEANWHILE:
                raise
            return {id(candidate): None for candidate in chosen}
        taken: dict[int, wire.Outcome | None] = {}
        for row in rows:
            candidate = first[row["campaign_id"], row["identity"]]
            taken[id(candidate)] = wire.Submitted(_entry_taken(candidate, row), replayed=False)
        return taken

    async def _insert_rows(self, chosen: Sequence[Candidate]) -> list[Row]:
        return await self._database.fetch(
            q.insert_entries,
            ids=[new_id("ent") for _ in chosen],
            campaign_ids=[c.terms.id for c in chosen],
            versions=[c.terms.version for c in chosen],
            user_ids=[c.submission.identity.user_id for c in chosen],
            identities=[c.key for c in chosen],
            unconfirmed=[c.unconfirmed for c in chosen],
            preferences=[",".join(c.submission.preferences) for c in chosen],
            ticket_quantities=[c.submission.ticket_quantity or 1 for c in chosen],
            countries=[c.country for c in chosen],
            members=[c.is_member for c in chosen],
            keys=[c.submission.idempotency_key for c in chosen],
            digests=[c.digest for c in chosen],
            sighting_ids=[new_id("out") for _ in chosen],
            sightings=[self._outbox.seal(wire.Sighting.of(c.submission)) for c in chosen],
            issued_at=[c.submission.identity.issued_at for c in chosen],
            networks=[self._origin(c, "network", c.submission.network) for c in chosen],
            devices=[self._origin(c, "device", c.submission.device) for c in chosen],
            disposable=[
                scores_rules.is_disposable(c.submission.identity.email, self._disposable) for c in chosen
            ],
        )

    def _origin(self, candidate: Candidate, kind: str, value: str | None) -> bytes | None:
        """Eight bytes by which entries of one campaign can be told to come from the same place, and nothing else."""
        if value is None:
            return None
        return self._lookup.digest(f"entry {kind}", f"{candidate.terms.id}\n{value}")[:8]

    async def _situations(self, candidates: Sequence[Candidate]) -> dict[tuple[str, bytes], Situation]:
        rows = await self._database.fetch(
            q.explain_refusals,
            campaign_ids=[c.terms.id for c in candidates],
            identities=[c.key for c in candidates],
        )
        return {(row["asked_campaign_id"], row["asked_identity"]): _situation(row) for row in rows}

    def _learn(self, row: Row) -> rules.Terms:
        """The terms of a campaign's document, made once per version."""
        known = self._terms.get(row["campaign_id"])
        if known is not None and known.version == row["version"]:
            return known
        if len(self._terms) >= _REMEMBERED_CAMPAIGNS:
            self._terms.pop(next(iter(self._terms)))
        terms = rules.Terms.of(msgspec.convert(row["document"], wire.CampaignSnapshot))
        self._terms[terms.id] = terms
        return terms


def _entry_taken(candidate: Candidate, row: Row) -> wire.Entry:
    return wire.Entry(
        id=row["id"],
        campaign_id=candidate.terms.id,
        team_id=candidate.terms.team_id,
        user_id=candidate.submission.identity.user_id,
        state=row["state"],
        preferences=candidate.submission.preferences,
        ticket_quantity=candidate.submission.ticket_quantity or 1,
        submitted_at=row["submitted_at"],
        updated_at=row["submitted_at"],
        version=row["version"],
    )


def _situation(row: Row) -> Situation:
    return Situation(
        campaign_state=row["campaign_state"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        entry=entry_of(row) if row["id"] is not None else None,
        entry_key=row["idempotency_key"],
        entry_digest=row["request_digest"],
    )
