"""The messages that carry codes, from the commit that keeps one to the network that takes it: typed twins of
`phone_messages.sql`.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from services.kit.batching import MicroBatcher
from services.kit.messages import Message, Refused, SmsSender, Throttled
from services.kit.pg import Database, Queries
from services.kit.sealing import Sealer
from services.kit.telemetry import log

q = Queries(Path(__file__).with_name("phone_messages.sql"))
_SEALED = "verification.message"
# Together they stay within the half minute that a claim lasts, though each may take a sender's whole time-out.
_CLAIMED, _AT_ONCE = 50, 10


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a message: taken, refused for good, or to be tried again in `wait` seconds."""

    id: str
    refused: Refused | None = None
    wait: float | None = None


class PhoneMessagesStore:
    """Sends what verifications keep: at once in the request, and from the worker what the network did not take then.

    A verification that was kept is sent at least once, and seldom twice: when the network took a message without
    saying so in time.
    """

    def __init__(self, database: Database, sealer: Sealer, sender: SmsSender) -> None:
        self._database = database
        self._sealer = sealer
        self._sender = sender
        self._sent: MicroBatcher[str, None] = MicroBatcher(self._mark_sent)
        self._throttled_until = 0.0

    @property
    def channels(self) -> tuple[str, ...]:
        """How a code can travel."""
        return self._sender.channels

    def seal(self, message: Message) -> bytes:
        """As it is kept until the network has it."""
        return self._sealer.seal(msgspec.json.encode(message), _SEALED)

    async def send(self, message: Message) -> None:
        """Sends what has just been kept, or leaves it to the worker. Raises Refused, with the verification ended."""
        outcome = await self._try(message)
        if outcome.refused:
            await self._database.execute(q.end_refused, ids=[outcome.id])
            raise outcome.refused
        if outcome.wait is None:
            await self._sent.submit(outcome.id)
        else:
            await self._postpone([outcome])

    async def send_due(self) -> int:
        """Sends what a request could not; answers how many messages were taken."""
        rows = await self._database.fetch(q.claim_unsent, limit=_CLAIMED)
        if not rows:
            return 0
        places = asyncio.Semaphore(_AT_ONCE)

        async def send(sealed: bytes) -> _Outcome:
            async with places:
                return await self._try(msgspec.json.decode(self._sealer.open(sealed, _SEALED), type=Message))

        outcomes = await asyncio.gather(*(send(row["message_sealed"]) for row in rows))
        taken = [o.id for o in outcomes if o.refused is None and o.wait is None]
        await self._database.execute(q.mark_sent, ids=taken)
        await self._database.execute(q.end_refused, ids=[o.id for o in outcomes if o.refused])
        await self._postpone([o for o in outcomes if o.wait is not None])
        return len(taken)

    async def _try(self, message: Message) -> _Outcome:
        id_, wait = message.reference, self._throttled_until - time.monotonic()
        if wait > 0:
            return _Outcome(id_, wait=wait)
        try:
            provider_id = await self._sender.send(message)
        except Refused as refused:
            log.info("message refused", reference=id_, reason=refused.reason)
            # To say so would tell a stranger that the number's owner had messages from us once.
            return _Outcome(id_, refused=None if refused.reason == "OPTED_OUT" else refused)
        except Throttled as throttled:
            self._throttled_until = time.monotonic() + throttled.retry_after
            log.warning("messages are throttled", seconds=throttled.retry_after)
            return _Outcome(id_, wait=throttled.retry_after)
        except Exception as error:
            log.warning("message not sent, will be tried again", reference=id_, reason=type(error).__name__)
            return _Outcome(id_, wait=0.0)
        log.info("message sent", reference=id_, provider_id=provider_id, channel=message.channel)
        return _Outcome(id_)

    async def _postpone(self, outcomes: Sequence[_Outcome]) -> None:
        await self._database.execute(
            q.postpone_sending, ids=[o.id for o in outcomes], seconds=[o.wait or 0.0 for o in outcomes]
        )

    async def _mark_sent(self, ids: list[str]) -> list[Exception | None]:
        await self._database.execute(q.mark_sent, ids=ids)
        return [None for _ in ids]
