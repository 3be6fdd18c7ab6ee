"""Entries that people look at: typed twins of `reviews.sql`. Notes are a person's words, and sealed."""

from collections.abc import Sequence
from pathlib import Path

from services.entries.backend import reviews_rules as rules
from services.entries.backend import reviews_wire as w
from services.entries.backend import wire
from services.entries.backend.store import Store
from services.kit import jobs
from services.kit.audit import audited
from services.kit.errors import Conflict, DomainError, IllegalTransition, NotFound, RateLimited
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("reviews.sql"))
NOTE, APPEAL = "review.note", "review.appeal"
_ATTEMPTS = 3
_CHUNK = 500


class ReviewStore:
    """Decisions and appeals. A decision takes effect only on the version of the entry that it was made about."""

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox, store: Store) -> None:
        self._database = database
        self._sealer = sealer
        self._outbox = outbox
        self._store = store

    async def decide(self, actor: str, asked: w.NewDecision) -> wire.Entry:
        """Lets a person's decision take effect. Raises NotFound, Conflict, IllegalTransition, Invalid."""
        note = rules.clean_note(asked.note)
        for _ in range(_ATTEMPTS):
            entry = await self._database.fetchrow(q.entry_to_review, id=asked.id)
            if entry is None:
                raise NotFound("There is no such entry. Check its id.")
            if asked.expected_version not in (None, entry["version"]):
                raise Conflict(entry["version"])
            if not rules.allows(asked.decision, entry["state"], rejected=entry["rejected"]):
                raise IllegalTransition(entry["state"], rules.LEADS_TO[asked.decision])
            if await self._decide(actor, entry, asked.decision, note):
                [decided] = await self._store.entries([asked.id])
                return decided
        raise RateLimited(1, "The entry is being changed right now. Try again in a second.")

    async def appeal(self, actor: str, asked: w.NewAppeal) -> w.AppealAnswer:
        """Keeps a fan's appeal, once a decision. Raises NotFound, NothingToAppeal, AlreadyAppealed, Invalid,
        IdempotencyMismatch.
        """
        note = rules.clean_note(asked.note, required=True)
        async with self._database.transaction() as connection:

            async def keep() -> str:
                sealed = self._sealer.seal(note or "", APPEAL)
                who = {"entry_id": asked.entry_id, "user_id": actor}
                if not await self._database.fetchval(q.appeal, connection, note_sealed=sealed, **who):
                    raise _refusal(await self._database.fetchval(q.appealed, connection, **who))
                return asked.entry_id

            entry_id, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation="appealEntry",
                key=asked.idempotency_key,
                payload=[asked.entry_id, note],
                returns=str,
                action=keep,
            )
        [entry] = await self._store.entries([entry_id])
        return w.AppealAnswer(entry, replayed)

    async def reviews(self, entry_ids: Sequence[str]) -> list[w.Review]:
        """All decisions about these entries, the newest first."""
        return [self._review(row) for row in await self._database.fetch(q.reviews, ids=list(entry_ids))]

    async def set_threshold(self, actor: str, asked: w.Threshold) -> None:
        """Sets below which score entries are held back, those that are there already too. Raises NotFound, Invalid."""
        rules.check_threshold(asked.below_score)
        async with audited(self._database, self._outbox, actor) as transaction:
            row = await self._database.fetchrow(
                q.set_rule, transaction.connection, campaign_id=asked.campaign_id, below=asked.below_score
            )
            if row is None:
                raise NotFound("There is no such campaign. Check campaignId.")
            if row["before"] == asked.below_score:
                return
            await transaction.note(
                "setReviewThreshold",
                asked.campaign_id,
                team_id=row["team_id"],
                campaign_id=asked.campaign_id,
                before=row["before"],
                after=asked.below_score,
            )
            await jobs.defer(
                transaction.connection,
                "entries:hold_low",
                queue="entries",
                lock=asked.campaign_id,
                campaign_id=asked.campaign_id,
            )

    async def thresholds(self, campaign_ids: Sequence[str]) -> dict[str, float]:
        """Below which score entries are held back, by campaign."""
        rows = await self._database.fetch(q.rules, ids=list(campaign_ids))
        return {row["campaign_id"]: row["below"] for row in rows}

    async def hold_all_low(self, campaign_id: str) -> None:
        """Holds all entries of a campaign back that its threshold says. The job's task: safe to repeat."""
        after = ""
        while rows := await self._database.fetch(
            q.low_entries, campaign_id=campaign_id, after=after, limit=_CHUNK
        ):
            await hold_low(self._database, None, [row["id"] for row in rows])
            after = rows[-1]["id"]

    async def _decide(self, actor: str, entry: Row, decision: str, note: str | None) -> bool:
        """False, and nothing is written, when the entry was changed since it was read."""
        review_id = new_id("rev")
        async with audited(self._database, self._outbox, actor) as transaction:
            done = await self._database.fetchval(
                q.decide,
                transaction.connection,
                id=review_id,
                entry_id=entry["id"],
                version=entry["version"],
                decision=decision,
                reviewer=actor,
                note_sealed=self._sealer.seal(note, NOTE) if note else None,
            )
            if done:
                await transaction.note(
                    "reviewEntry",
                    entry["id"],
                    team_id=entry["team_id"],
                    campaign_id=entry["campaign_id"],
                    before=entry["state"],
                    after={"decision": decision, "review": review_id},
                )
        return bool(done)

    def _review(self, row: Row) -> w.Review:
        return w.Review(
            id=row["id"],
            entry_id=row["entry_id"],
            decision=row["decision"],
            reviewer=row["reviewer"],
            note=self._sealer.open_text(row["note_sealed"], NOTE),
            decided_at=row["decided_at"],
            appeal=self._sealer.open_text(row["appeal_sealed"], APPEAL),
            appealed_at=row["appealed_at"],
            open_to_appeal=row["open_to_appeal"],
        )


async def hold_low(database: Database, connection: Connection | None, entry_ids: Sequence[str]) -> None:
    """Holds those of these entries back whose score is below their campaign's threshold."""
    await database.fetch(
        q.hold_low, connection, entry_ids=list(entry_ids), review_ids=[new_id("rev") for _ in entry_ids]
    )


def _refusal(appealed: bool | None) -> DomainError:
    if appealed is None:
        return NotFound("You have no such entry. Check its id.")
    return rules.AlreadyAppealed() if appealed else rules.NothingToAppeal()
