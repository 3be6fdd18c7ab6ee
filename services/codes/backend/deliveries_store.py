"""SQL of deliveries: typed twins of `deliveries.sql`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.codes.backend import deliveries_rules as rules
from services.codes.backend import deliveries_wire as wire
from services.codes.backend.deliveries_rules import Channel
from services.codes.backend.store import Store
from services.codes.backend.wire import CodeQuestions
from services.kit.audit import audited
from services.kit.errors import DomainError, NotFound, RateLimited
from services.kit.idempotency import once
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.privacy import NOBODY
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("deliveries.sql"))


class TooManyMessages(DomainError):
    """The code was sent as often as a code may be sent."""

    code = "TOO_MANY_MESSAGES"

    def __init__(self) -> None:
        super().__init__(
            f"The code was sent {rules.MOST_MESSAGES} times. Ask the fan to look at her page instead."
        )


class NothingToSend(DomainError):
    """The code is not released yet, or it was redeemed."""

    code = "NOTHING_TO_SEND"

    def __init__(self) -> None:
        super().__init__("The code is not released to its owner yet, or was used already.")


@dataclass(frozen=True, slots=True)
class Job:
    """A message that is to be sent. `reference` is unique to it; `channel` is set where only that one is left."""

    code_id: str
    number: int
    place: int
    channel: Channel | None
    attempts: int
    user_id: str
    code: str
    campaign: rules.Campaign

    @property
    def reference(self) -> str:
        return f"{self.code_id}.{self.number}.{self.place}"

    @property
    def key(self) -> dict[str, str | int]:
        return {"code_id": self.code_id, "number": self.number, "place": self.place}


class DeliveryStore:
    """Messages that bring codes to their owners."""

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox, store: Store) -> None:
        self._database = database
        self._sealer = sealer
        self._outbox = outbox
        self._store = store

    async def resend(self, actor: str, resend: wire.Resend) -> wire.Resent:
        """Puts one more message in line. Raises NotFound, NothingToSend, TooManyMessages, RateLimited,
        IdempotencyMismatch.
        """
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection
            [code] = await self._store.codes(CodeQuestions(ids=[resend.code_id]), None) or [None]
            if code is None:
                raise NotFound("There is no such code.")

            async def queue() -> int:
                number = await self._database.fetchval(
                    q.queue_again,
                    connection,
                    code_id=code.id,
                    most=rules.MOST_MESSAGES,
                    pause_seconds=rules.RESEND_PAUSE_SECONDS,
                )
                if number is None:
                    raise await self._why_not(connection, code.id)
                await transaction.note(
                    "resendCode",
                    code.id,
                    team_id=code.team_id,
                    campaign_id=code.campaign_id,
                    after={"number": number},
                )
                return number

            _, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation="resendCode",
                key=resend.idempotency_key,
                payload=resend.code_id,
                returns=int,
                action=queue,
            )
        return wire.Resent(code, replayed)

    async def deliveries(self, code_ids: Sequence[str]) -> list[wire.Delivery]:
        """What was sent to bring these codes to their owners, by code, oldest first."""
        rows = await self._database.fetch(q.deliveries, code_ids=list(code_ids))
        return [wire.Delivery(**row) for row in rows]

    async def queue(self, distribution_id: str) -> None:
        """Puts a first message in line for every released code of a distribution; twice is once."""
        await self._database.execute(q.queue_deliveries, distribution_id=distribution_id)

    async def lease(self, limit: int) -> list[Job]:
        """Messages that are due, this worker's for a minute."""
        return [self._job(row) for row in await self._database.fetch(q.lease_due, limit=limit)]

    async def begin(self, job: Job, channel: Channel) -> bool:
        """Whether this worker sends the message, and no other ever. The code counts as seen from here on."""
        begun = await self._database.fetchval(q.begin_sending, channel=channel, **job.key)
        return begun is not None

    async def sent(self, job: Job, provider_id: str) -> None:
        await self._database.execute(q.note_sent, provider_id=provider_id[:200], nobody=NOBODY, **job.key)

    async def failed(
        self, job: Job, channel: Channel | None, failure: str, other: Channel | None = None
    ) -> None:
        """The message will not arrive; `other` is the channel to try instead."""
        await self._database.execute(q.note_failed, channel=channel, failure=failure, other=other, **job.key)

    async def put_back(self, job: Job, seconds: float) -> None:
        """The message was certainly not taken; it is due again after a pause."""
        await self._database.execute(q.put_back, seconds=seconds, **job.key)

    async def give_up_unknown(self) -> int:
        """Gives up what was being sent when its worker died; answers 0: there is no more to find at once."""
        await self._database.execute(q.give_up_unknown)
        return 0

    async def _why_not(self, connection: Connection, code_id: str) -> DomainError:
        row = await self._database.fetchrow(
            q.resendable, connection, code_id=code_id, pause_seconds=rules.RESEND_PAUSE_SECONDS
        )
        if row is None or not row["sendable"]:
            return NothingToSend()
        if row["messages"] >= rules.MOST_MESSAGES:
            return TooManyMessages()
        return RateLimited(max(1, row["wait_seconds"] or 1))

    def _job(self, row: Row) -> Job:
        return Job(
            code_id=row["code_id"],
            number=row["number"],
            place=row["place"],
            channel=row["channel"],
            attempts=row["attempts"],
            user_id=row["user_id"],
            code=self._sealer.open(row["sealed"], "code.value").decode(),
            campaign=rules.Campaign(
                row["slug"],
                row["default_locale"] or "en-US",
                row["titles"],
                row["sms_templates"],
                row["event"],
            ),
        )
