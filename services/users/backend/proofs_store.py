"""All SQL about what users prove: typed twins of `proofs.sql`, around one question to a provider.

No transaction is open while a provider is asked. Whoever changes a user's proofs locks her row first, by the statement
that gives her a new version: so proofs change one after another, and what is published is what holds at its version.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec

from services.kit.errors import AccountErased, NotFound
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Query, Row
from services.kit.sealing import LookupKey
from services.users.backend import proofs_rules as rules
from services.users.backend import proofs_wire as w
from services.users.backend.attempts_store import AttemptsStore
from services.users.backend.cards_provider import Card, CardsProvider
from services.users.backend.identities_provider import Assertion, IdentitiesProvider
from services.users.backend.proofs_provider import ProofSettings
from services.users.backend.store import Store

q = Queries(Path(__file__).with_name("proofs.sql"))
T = TypeVar("T")


class _NotSeenBefore(Exception):
    """No call with this idempotency key has been answered."""


class ProofBook:
    """What all proofs share: answering a repeated call again, and changing a user's proofs and telling entries."""

    def __init__(self, database: Database, outbox: Outbox, users: Store) -> None:
        self.database = database
        self._outbox = outbox
        self._users = users

    async def answered(
        self, actor: str, operation: str, key: str | None, payload: Any, returns: type[T]
    ) -> T | None:
        """What the first call with this idempotency key was answered; None when this is the first.

        Raises Invalid, IdempotencyMismatch.
        """

        async def stop() -> T:
            raise _NotSeenBefore

        if key is None:
            return None
        try:
            async with self.database.transaction() as connection:
                answer, _ = await self._once(connection, actor, operation, key, payload, returns, stop)
                return answer
        except _NotSeenBefore:
            return None

    async def change(
        self,
        actor: str,
        write: Callable[[Connection], Awaitable[T]],
        *,
        operation: str = "",
        key: str | None = None,
        payload: Any = None,
        returns: type[T] | None = None,
    ) -> T:
        """Runs `write` with the user's row locked, publishes what she has proved then, and tells entries at once.

        With an idempotency key, what it answers is kept to be answered again. Raises AccountErased, and what `write`
        raises.
        """
        async with self.database.transaction() as connection:
            row = await self.database.fetchrow(q.touch_user, connection, id=actor)
            if row is None:
                raise AccountErased
            if key is None or returns is None:
                answer = await write(connection)
            else:
                answer, _ = await self._once(
                    connection, actor, operation, key, payload, returns, lambda: write(connection)
                )
            messages = await self._users.publish(connection, [row])
        await self._outbox.deliver(messages)
        return answer

    async def _once(
        self,
        connection: Connection,
        actor: str,
        operation: str,
        key: str,
        payload: Any,
        returns: type[T],
        action: Callable[[], Awaitable[T]],
    ) -> tuple[T, bool]:
        return await once(
            self.database,
            connection,
            actor=actor,
            operation=operation,
            key=key,
            payload=payload,
            returns=returns,
            action=action,
        )


class ProofsStore:
    """Cards and identity tiers, and what users have proved altogether."""

    def __init__(
        self,
        book: ProofBook,
        lookup: LookupKey,
        attempts: AttemptsStore,
        cards: CardsProvider,
        identities: IdentitiesProvider,
        settings: ProofSettings,
    ) -> None:
        self._book = book
        self._database = book.database
        self._lookup = lookup
        self._attempts = attempts
        self._cards = cards
        self._identities = identities
        self._settings = settings

    async def of_users(self, ids: Sequence[str]) -> list[w.UserProofs]:
        """What each of these users has proved; one statement."""
        rows = await self._database.fetch(q.proofs_of_users, ids=list(dict.fromkeys(ids)))
        return [msgspec.convert(dict(row), w.UserProofs) for row in rows]

    async def verify_card(self, user_id: str, request: w.VerifyCard) -> w.CardAnswer:
        """Asks the processor what a token stands for, and keeps brand and last four digits.

        Raises Invalid, RateLimited, ProofRefused, ProviderUnavailable, IdempotencyMismatch, NotFound.
        """
        token, key = request.payment_token, request.idempotency_key
        rules.check_payment_token(token)
        rules.check_offered("cards", ("cards",) if self._cards.offered else (), "payment_token")
        if earlier := await self._book.answered(user_id, "verifyCard", key, token, w.VerifiedCard):
            return w.CardAnswer(earlier, replayed=True)
        await self._attempts.take(user_id, "CARD")
        card = await self._cards.describe(token)
        kept = await self._book.change(
            user_id,
            lambda connection: self._keep_card(connection, user_id, card),
            operation="verifyCard",
            key=key,
            payload=token,
            returns=w.VerifiedCard,
        )
        return w.CardAnswer(kept)

    async def remove_card(self, user_id: str, card_id: str) -> w.VerifiedCard:
        """Takes a card back. Raises NotFound."""
        return await self._drop(user_id, q.drop_card, w.VerifiedCard, id=card_id)

    async def verify_identity(self, user_id: str, request: w.VerifyIdentity) -> w.IdentityAnswer:
        """Checks an issuer's assertion, which proves a tier once. The same user's same assertion is answered again.

        Raises Invalid, RateLimited, ProofRefused, ProviderUnavailable, IdentityAlreadyUsed, IdempotencyMismatch,
        NotFound.
        """
        tier, key = request.tier, request.idempotency_key
        rules.check_offered(tier, self._identities.offered, "tier")
        rules.check_assertion(request.assertion)
        payload = [tier, request.assertion, request.nonce]
        if earlier := await self._book.answered(
            user_id, "verifyIdentity", key, payload, w.IdentityVerification
        ):
            return w.IdentityAnswer(earlier, replayed=True)
        await self._attempts.take(user_id, "IDENTITY")
        assertion = await self._identities.read(tier, request.assertion, request.nonce)
        assertion_lookup = self._lookup.digest(f"assertion {tier}", assertion.id)
        try:
            kept = await self._book.change(
                user_id,
                lambda connection: self._keep_identity(
                    connection, user_id, tier, assertion, assertion_lookup
                ),
                operation="verifyIdentity",
                key=key,
                payload=payload,
                returns=w.IdentityVerification,
            )
        except asyncpg.UniqueViolationError:
            raise rules.IdentityAlreadyUsed(
                "Somebody else's account is verified with this identity. Take it back there first."
            ) from None
        except rules.ProofRefused:
            hers = await self._database.fetchrow(
                q.identity_of_assertion, user_id=user_id, tier=tier, assertion_lookup=assertion_lookup
            )
            if hers is None:
                raise
            return w.IdentityAnswer(_as(w.IdentityVerification, hers), replayed=True)
        return w.IdentityAnswer(kept)

    async def revoke_identity(self, user_id: str, tier: str) -> w.IdentityVerification:
        """Takes a tier back. Raises NotFound."""
        return await self._drop(user_id, q.drop_identity, w.IdentityVerification, tier=tier)

    async def forget(self) -> int:
        """Removes what no decision needs any more."""
        await self._database.execute(q.forget_assertions)
        await self._database.execute(q.forget_proofs)
        return await self._attempts.forget()

    async def _keep_card(self, connection: Connection, user_id: str, card: Card) -> w.VerifiedCard:
        fingerprint = self._lookup.digest("card", card.fingerprint)
        others = await self._database.fetchval(
            q.other_cards, connection, user_id=user_id, fingerprint_lookup=fingerprint
        )
        if others >= rules.MOST_CARDS:
            message = f"You have {rules.MOST_CARDS} cards, which is as many as can be kept. Remove one first."
            raise rules.invalid("payment_token", "TOO_MANY", message)
        row = await self._database.fetchrow(
            q.keep_card,
            connection,
            id=new_id("crd"),
            user_id=user_id,
            fingerprint_lookup=fingerprint,
            brand=card.brand,
            last4=card.last4,
            year=card.year,
            month=card.month,
        )
        if row is None:
            raise rules.ProofRefused("EXPIRED", "This card has expired. Use another.")
        return _as(w.VerifiedCard, row)

    async def _keep_identity(
        self, connection: Connection, user_id: str, tier: str, assertion: Assertion, assertion_lookup: bytes
    ) -> w.IdentityVerification:
        if not await self._database.fetchval(
            q.spend_assertion,
            connection,
            assertion_lookup=assertion_lookup,
            expires_at=assertion.usable_until,
        ):
            raise rules.ProofRefused(
                "ALREADY_USED", "This assertion was used before. Sign in at the identity provider again."
            )
        person = {
            "tier": tier,
            "user_id": user_id,
            "subject_lookup": self._lookup.digest(f"identity {tier}", assertion.subject),
        }
        await self._database.execute(q.release_identity, connection, **person)
        [row] = await self._database.fetch(
            q.keep_identity,
            connection,
            assertion_lookup=assertion_lookup,
            days=self._settings.identity_days,
            valid_until=assertion.valid_until,
            **person,
        )
        return _as(w.IdentityVerification, row)

    async def _drop(self, user_id: str, query: Query, kind: type[T], **key: str) -> T:
        async def drop(connection: Connection) -> T:
            row = await self._database.fetchrow(query, connection, user_id=user_id, **key)
            if row is None:
                raise NotFound("You have no such proof.", path=list(key))
            return _as(kind, row)

        return await self._book.change(user_id, drop)


def _as(kind: type[T], row: Row) -> T:
    return msgspec.convert(dict(row), kind)
