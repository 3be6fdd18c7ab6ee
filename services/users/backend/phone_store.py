"""All SQL about phone verification: typed twins of `phone.sql`, and the sending that follows a commit."""

import secrets
from pathlib import Path

import msgspec

from services.kit.errors import NotFound, RateLimited
from services.kit.idempotency import once
from services.kit.ids import is_id, new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import LookupKey, Sealer
from services.kit.telemetry import log
from services.users.backend import phone_rules as rules
from services.users.backend import wire
from services.users.backend.phone_jobs import Message, SmsSender
from services.users.backend.settings import Settings
from services.users.backend.store import Store

q = Queries(Path(__file__).with_name("phone.sql"))
_SEALED_NUMBER, _SEALED_MESSAGE = "verification.phone", "verification.message"


class PhoneStore:
    """Verifications in progress and the counters that limit them."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        lookup: LookupKey,
        outbox: Outbox,
        *,
        users: Store,
        sender: SmsSender,
        settings: Settings,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._lookup = lookup
        self._outbox = outbox
        self._users = users
        self._sender = sender
        self._settings = settings

    async def start(self, user_id: str, request: wire.StartPhone) -> wire.PhoneStarted:
        """Sends a code; an earlier one stops working. Raises Invalid, RateLimited, IdempotencyMismatch, NotFound."""
        rules.check_channel(request.channel, self._sender.channels)
        number = rules.parse_number(request.phone)
        verification_id, code = new_id("phv"), f"{secrets.randbelow(1_000_000):06}"
        text = rules.message_text(code, self._settings.phone_code_minutes, request.locale, number)
        message = Message(number.e164, text, verification_id)
        counters = self._counters(user_id, number, request.client_ip)

        async def begin(connection: Connection | None) -> wire.PhoneStarted:
            await self._count(connection, counters)
            return await self._keep(connection, user_id, code, message)

        if request.idempotency_key is None:
            started, replayed = await begin(None), False
        else:
            async with self._database.transaction() as connection:
                started, replayed = await once(
                    self._database,
                    connection,
                    actor=user_id,
                    operation="startPhoneVerification",
                    key=request.idempotency_key,
                    payload=[number.e164, request.channel, request.locale],
                    returns=wire.PhoneStarted,
                    action=lambda: begin(connection),
                )
        if replayed:
            return msgspec.structs.replace(started, replayed=True)
        await self._send([message])
        return started

    async def confirm(self, user_id: str, verification_id: str, text: str) -> wire.User:
        """Judges a code; the right one makes the number the user's and tells entries at once.

        The same right code again answers the same. Raises CodeIncorrect, CodeExpired, AttemptsExhausted, Invalid,
        NotFound.
        """
        code = self._digest(verification_id, rules.clean_code(text))
        messages: list[str] = []
        async with self._database.transaction() as connection:
            guess = await self._database.fetchrow(
                q.guess, connection, user_id=user_id, id=verification_id, code_digest=code
            )
            if guess and guess["correct"]:
                row = await self._set_phone(connection, user_id, guess["phone_sealed"])
                messages = await self._users.publish(connection, [row])
        await self._outbox.deliver(messages)
        if guess is None:
            await self._explain(user_id, verification_id, code)
        elif not guess["correct"]:
            raise rules.CodeIncorrect(
                _attempts(guess["attempts_left"]), attempts_left=guess["attempts_left"], path=["code"]
            )
        [user] = await self._users.visible(user_id, [user_id])
        return user

    async def send_due(self) -> int:
        """Sends what a request could not; answers how many messages were taken."""
        async with self._database.transaction() as connection:
            rows = await self._database.fetch(q.lock_unsent, connection, limit=100)
            return await self._send([self._open(row) for row in rows], connection)

    async def forget(self) -> int:
        """Removes what no decision needs any more."""
        await self._database.execute(q.forget_old_verifications)
        await self._database.execute(q.forget_old_counters)
        return 0

    async def _count(self, connection: Connection | None, counters: list[rules.Counter]) -> None:
        # A counter that a crash takes back by a moment does no harm; waiting for the disk while everybody waits
        # for the day's counter would. In the transaction of an idempotency key the code's own durability counts.
        rows = await self._database.fetch(
            q.take_quota,
            connection,
            scopes=[c.scope for c in counters],
            keys=[c.key for c in counters],
            caps=[c.cap for c in counters],
            weights=[c.weight for c in counters],
            seconds=[c.seconds for c in counters],
            durability="off" if connection is None else "on",
        )
        full = {row["scope"]: row["wait_seconds"] for row in rows if row["scope"]}
        if "day" in full or "country" in full:
            log.error("sending of codes is cut off by a breaker", breakers=sorted(full))
        if full:
            raise RateLimited(*rules.refusal(full))

    async def _keep(
        self, connection: Connection | None, user_id: str, code: str, message: Message
    ) -> wire.PhoneStarted:
        attempts = self._settings.phone_attempts
        expires_at = await self._database.fetchval(
            q.start_verification,
            connection,
            user_id=user_id,
            id=message.reference,
            phone_sealed=self._sealer.seal(message.to, _SEALED_NUMBER),
            code_digest=self._digest(message.reference, code),
            attempts=attempts,
            seconds=self._settings.phone_code_minutes * 60,
            message_sealed=self._sealer.seal(msgspec.json.encode(message), _SEALED_MESSAGE),
        )
        return wire.PhoneStarted(message.reference, expires_at, attempts, self._settings.phone_resend_seconds)

    async def _send(self, messages: list[Message], connection: Connection | None = None) -> int:
        sent: list[str] = []
        for message in messages:
            try:
                await self._sender.send(message)
                sent.append(message.reference)
            except Exception as error:
                log.warning("message not sent, will be tried again", reason=type(error).__name__)
        postponed = [m.reference for m in messages if m.reference not in sent]
        if sent:
            await self._database.execute(q.mark_sent, connection, ids=sent)
        if postponed:
            await self._database.execute(q.postpone_sending, connection, ids=postponed)
        return len(sent)

    async def _set_phone(self, connection: Connection, user_id: str, sealed: bytes) -> Row:
        number = self._sealer.open(sealed, _SEALED_NUMBER).decode()
        row = await self._database.fetchrow(
            q.set_phone,
            connection,
            id=user_id,
            phone_sealed=self._sealer.seal(number, "user.phone"),
            phone_lookup=self._lookup.digest("phone", number),
        )
        if row is None:
            raise NotFound("There is no such user.")
        return row

    async def _explain(self, user_id: str, verification_id: str, code: bytes) -> None:
        row = await self._database.fetchrow(q.verification_of_user, user_id=user_id, code_digest=code)
        if row is None or not is_id("phv", verification_id):
            raise NotFound("There is no such verification. Ask for a new code.", path=["verificationId"])
        if row["id"] != verification_id:
            raise rules.CodeExpired(
                "A newer code took the place of this one. Enter the code of the latest message."
            )
        if row["confirmed_by_this"]:
            return
        if row["expired"]:
            raise rules.CodeExpired("This code is too old. Ask for a new one.")
        raise rules.AttemptsExhausted("This code cannot be tried any more. Ask for a new one.")

    def _counters(self, user_id: str, number: rules.Number, ip: str | None) -> list[rules.Counter]:
        return rules.counters(
            self._settings.phone_limits,
            number,
            user_id=user_id,
            number_key=self._lookup.digest("phone", number.e164).hex(),
            ip_key=self._lookup.digest("ip", ip).hex() if ip else None,
        )

    def _digest(self, verification_id: str, code: str) -> bytes:
        return self._lookup.digest("phone-code", f"{verification_id} {code}")

    def _open(self, row: Row) -> Message:
        return msgspec.json.decode(self._sealer.open(row["message_sealed"], _SEALED_MESSAGE), type=Message)


def _attempts(left: int) -> str:
    if left == 0:
        return "This is not the code that was sent, and it was the last attempt. Ask for a new code."
    return f"This is not the code that was sent. You can try {left} more time{'s' if left > 1 else ''}."
