"""All SQL about phone verification: typed twins of `phone.sql`, and the sending that follows a commit."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from services.kit.batching import MicroBatcher
from services.kit.errors import AccountErased, NotFound, RateLimited
from services.kit.idempotency import forget, once
from services.kit.ids import is_id, new_id
from services.kit.messages import Message, Refused
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import LookupKey, Sealer
from services.kit.telemetry import log
from services.users.backend import phone_rules as rules
from services.users.backend import wire
from services.users.backend.phone_messages_store import PhoneMessagesStore
from services.users.backend.rules import ALL
from services.users.backend.settings import Settings
from services.users.backend.store import Store

q = Queries(Path(__file__).with_name("phone.sql"))
_SEALED_NUMBER = "verification.phone"
_START = "startPhoneVerification"


@dataclass(frozen=True, slots=True)
class _Start:
    user_id: str
    code_digest: bytes
    message: Message
    counters: list[rules.Counter]


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
        messages: PhoneMessagesStore,
        settings: Settings,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._lookup = lookup
        self._outbox = outbox
        self._users = users
        self._messages = messages
        self._settings = settings
        self._starts: MicroBatcher[_Start, wire.PhoneStarted] = MicroBatcher(self._start_together)

    async def start(self, user_id: str, request: wire.StartPhone) -> wire.PhoneStarted:
        """Sends a code; an earlier one stops working.

        Raises Invalid, RateLimited, IdempotencyMismatch, AccountErased.
        """
        rules.check_channel(request.channel, self._messages.channels)
        start = self._prepare(user_id, rules.parse_number(request.phone), request)
        if request.idempotency_key is None:
            started = await self._starts.submit(start)
        else:
            started, replayed = await self._start_once(start, request)
            if replayed:
                return msgspec.structs.replace(started, replayed=True)
        try:
            await self._messages.send(start.message)
        except Refused as refused:
            await self._forget_start(user_id, request)
            raise rules.unreachable() from refused
        return started

    async def confirm(self, user_id: str, verification_id: str, text: str) -> wire.User:
        """Judges a code; the right one makes the number the user's and tells entries at once.

        The same right code again answers the same. Raises CodeIncorrect, CodeExpired, AttemptsExhausted, NotFound, and
        Invalid also for a number that has confirmed as many accounts as it may: its owner learns that, nobody else.
        """
        code = self._digest(verification_id, rules.clean_code(text))
        row, messages = None, []
        async with self._database.transaction() as connection:
            guess = await self._database.fetchrow(
                q.guess, connection, user_id=user_id, id=verification_id, code_digest=code
            )
            if guess and guess["correct"]:
                row = await self._set_phone(connection, user_id, guess["phone_sealed"])
                messages = await self._users.publish(connection, [row])
        if row is not None:
            await self._outbox.deliver(messages)
            return self._users.user(row, ALL)
        if guess is not None:
            left = guess["attempts_left"]
            raise rules.CodeIncorrect(_attempts(left), attempts_left=left, path=["code"])
        await self._explain(user_id, verification_id, code)
        return await self._users.herself(user_id)

    async def forget(self) -> int:
        """Removes what no decision needs any more."""
        await self._database.execute(q.forget_old_verifications)
        await self._database.execute(q.forget_old_counters)
        return 0

    def _prepare(self, user_id: str, number: rules.Number, request: wire.StartPhone) -> _Start:
        id_, code = new_id("phv"), f"{secrets.randbelow(1_000_000):06}"
        locale = rules.message_locale(request.locale, number)
        text = rules.message_text(code, self._settings.phone_code_minutes, locale, request.channel)
        counters = rules.counters(
            self._settings.phone_limits,
            number,
            user_id=user_id,
            number_key=self._lookup.digest("phone", number.e164).hex(),
            ip_key=self._lookup.digest("ip", request.client_ip).hex() if request.client_ip else None,
        )
        return _Start(
            user_id,
            self._digest(id_, code),
            Message(number.e164, text, id_, request.channel, locale),
            counters,
        )

    async def _start_once(self, start: _Start, request: wire.StartPhone) -> tuple[wire.PhoneStarted, bool]:
        async def action() -> wire.PhoneStarted:
            [started] = await self._begin(connection, [start])
            if isinstance(started, Exception):
                raise started
            return started

        async with self._database.transaction() as connection:
            return await once(
                self._database,
                connection,
                actor=start.user_id,
                operation=_START,
                key=request.idempotency_key,
                payload=[
                    self._lookup.digest("phone", start.message.to).hex(),
                    request.channel,
                    request.locale,
                ],
                returns=wire.PhoneStarted,
                action=action,
            )

    async def _forget_start(self, user_id: str, request: wire.StartPhone) -> None:
        """Nothing was sent under this key, so it does not stand for an answer."""
        async with self._database.transaction() as connection:
            await forget(
                self._database, connection, actor=user_id, operation=_START, key=request.idempotency_key
            )

    async def _start_together(self, starts: list[_Start]) -> list[wire.PhoneStarted | Exception]:
        async with self._database.transaction() as connection:
            return await self._begin(connection, starts)

    async def _begin(
        self, connection: Connection, starts: Sequence[_Start]
    ) -> list[wire.PhoneStarted | Exception]:
        full = await self._count(connection, [start.counters for start in starts])
        admitted = {start.user_id: start for start, refused in zip(starts, full, strict=True) if not refused}
        expiries = await self._keep(connection, list(admitted.values())) if admitted else {}
        return [
            self._outcome(start, refused, expiries.get(start.user_id))
            for start, refused in zip(starts, full, strict=True)
        ]

    async def _count(self, connection: Connection, wanted: list[list[rules.Counter]]) -> list[dict[str, int]]:
        await self._database.execute(q.lock_counters, connection)
        places = sorted({counter.place for counters in wanted for counter in counters})
        rows = await self._database.fetch(
            q.running_counters, connection, scopes=[p[0] for p in places], keys=[p[1] for p in places]
        )
        ledger = rules.Ledger({(r["scope"], r["key"]): (r["taken"], r["wait_seconds"]) for r in rows})
        full = [ledger.admit(counters) for counters in wanted]
        if ledger.added:
            added = list(ledger.added.values())
            await self._database.execute(
                q.add_to_counters,
                connection,
                scopes=[c.scope for c in added],
                keys=[c.key for c in added],
                weights=[c.weight for c in added],
                seconds=[c.seconds for c in added],
            )
        if breakers := {"day", "country"}.intersection(scope for scopes in full for scope in scopes):
            log.error("sending of codes is cut off by a breaker", breakers=sorted(breakers))
        return full

    async def _keep(self, connection: Connection, starts: Sequence[_Start]) -> dict[str, datetime]:
        rows = await self._database.fetch(
            q.start_verifications,
            connection,
            user_ids=[s.user_id for s in starts],
            ids=[s.message.reference for s in starts],
            phones_sealed=[self._sealer.seal(s.message.to, _SEALED_NUMBER) for s in starts],
            code_digests=[s.code_digest for s in starts],
            messages_sealed=[self._messages.seal(s.message) for s in starts],
            attempts=self._settings.phone_attempts,
            seconds=self._settings.phone_code_minutes * 60,
        )
        return {row["user_id"]: row["expires_at"] for row in rows}

    def _outcome(
        self, start: _Start, full: dict[str, int], expires_at: datetime | None
    ) -> wire.PhoneStarted | Exception:
        if full:
            return RateLimited(*rules.refusal(full))
        if expires_at is None:
            return AccountErased()
        return wire.PhoneStarted(
            start.message.reference,
            expires_at,
            self._settings.phone_attempts,
            self._settings.phone_resend_seconds,
        )

    async def _set_phone(self, connection: Connection, user_id: str, sealed: bytes) -> Row:
        number = self._sealer.open(sealed, _SEALED_NUMBER).decode()
        lookup = self._lookup.digest("phone", number)
        await self._database.execute(q.lock_number, connection, key=lookup.hex())
        row = await self._database.fetchrow(
            q.set_phone,
            connection,
            id=user_id,
            phone_sealed=self._sealer.seal(number, "user.phone"),
            phone_lookup=lookup,
            accounts=self._settings.phone_accounts_per_number,
        )
        if row is None:
            raise rules.too_many_accounts(self._settings.phone_accounts_per_number)
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

    def _digest(self, verification_id: str, code: str) -> bytes:
        return self._lookup.digest("phone-code", f"{verification_id} {code}")


def _attempts(left: int) -> str:
    if left == 0:
        return "This is not the code that was sent, and it was the last attempt. Ask for a new code."
    return f"This is not the code that was sent. You can try {left} more time{'s' if left > 1 else ''}."
