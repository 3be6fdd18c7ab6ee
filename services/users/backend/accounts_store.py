"""All SQL about linked accounts, around OAuth exchanges with their providers."""

import base64
import hmac
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec

from services.kit.errors import NotFound
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import LookupKey, SealBroken, Sealer
from services.kit.telemetry import log
from services.users.backend import proofs_rules as rules
from services.users.backend import proofs_wire as w
from services.users.backend.accounts_provider import AccountsProvider, Grant
from services.users.backend.attempts_store import AttemptsStore
from services.users.backend.proofs_provider import ProofSettings
from services.users.backend.proofs_store import ProofBook

q = Queries(Path(__file__).with_name("proofs.sql"))
_SEALED_REFRESH = "linked_account.refresh"
_STATE_SECONDS = 900
_AT_ONCE = 50


class AccountsStore:
    """Linked accounts: one of a provider per user, one user per account, which UNIQUE decides."""

    def __init__(
        self,
        book: ProofBook,
        sealer: Sealer,
        lookup: LookupKey,
        attempts: AttemptsStore,
        provider: AccountsProvider,
        settings: ProofSettings,
    ) -> None:
        self._book = book
        self._database: Database = book.database
        self._sealer = sealer
        self._lookup = lookup
        self._attempts = attempts
        self._provider = provider
        self._settings = settings

    def start(self, user_id: str, request: w.StartLink) -> w.LinkStarted:
        """Where the fan grants the link. Nothing is kept: the state names her, the provider, the page and the time.

        Raises Invalid.
        """
        rules.check_offered(request.provider, self._provider.offered, "provider")
        rules.check_authorization(
            request.redirect_uri, request.code_challenge, self._settings.account_redirect_uris
        )
        until = int(time.time()) + _STATE_SECONDS
        state = self._state(user_id, request.provider, request.redirect_uri, until)
        url = self._provider.authorization_url(
            request.provider, request.redirect_uri, state, request.code_challenge
        )
        return w.LinkStarted(url, state, datetime.fromtimestamp(until, UTC))

    async def link(self, user_id: str, request: w.LinkAccount) -> w.AccountAnswer:
        """Exchanges an authorization code and keeps whose account it is. The same user's same code is answered again.

        Raises Invalid, RateLimited, ProofRefused, ProviderUnavailable, AccountAlreadyLinked, IdempotencyMismatch,
        NotFound.
        """
        provider, code, key = request.provider, request.authorization_code, request.idempotency_key
        rules.check_offered(provider, self._provider.offered, "provider")
        rules.check_grant(
            code, request.code_verifier, request.redirect_uri, self._settings.account_redirect_uris
        )
        self._check_state(user_id, request)
        payload = [provider, code, request.code_verifier, request.redirect_uri]
        if earlier := await self._book.answered(user_id, "linkAccount", key, payload, w.LinkedAccount):
            return w.AccountAnswer(earlier, replayed=True)
        grant_lookup = self._lookup.digest(f"grant {provider}", code)
        if hers := await self._by_grant(user_id, provider, grant_lookup):
            return w.AccountAnswer(hers, replayed=True)
        await self._attempts.take(user_id, "ACCOUNT")
        try:
            grant = await self._provider.exchange(provider, code, request.code_verifier, request.redirect_uri)
        except rules.ProofRefused:
            # Of two requests with one code at the same moment the provider serves one.
            if hers := await self._by_grant(user_id, provider, grant_lookup):
                return w.AccountAnswer(hers, replayed=True)
            raise
        try:
            kept = await self._book.change(
                user_id,
                lambda connection: self._keep(connection, user_id, provider, grant, grant_lookup),
                operation="linkAccount",
                key=key,
                payload=payload,
                returns=w.LinkedAccount,
            )
        except asyncpg.UniqueViolationError:
            raise rules.AccountAlreadyLinked(
                "This account is linked to somebody else here. Unlink it there first, or link another."
            ) from None
        return w.AccountAnswer(kept)

    async def unlink(self, user_id: str, provider: str) -> w.LinkedAccount:
        """Ends a link. Raises NotFound."""
        return await self._book.change(user_id, lambda connection: self._drop(connection, user_id, provider))

    async def recheck(self) -> int:
        """Asks providers about links that are due, and ends those that they do not stand by; answers how many were due.

        Asking changes nothing at the provider, so a worker that is killed in the middle loses nothing.
        """
        rows = await self._database.fetch(q.claim_due_links, limit=_AT_ONCE)
        for row in rows:
            await self._recheck(row)
        return len(rows)

    async def _recheck(self, row: Row) -> None:
        try:
            token = self._sealer.open(row["refresh_sealed"], _SEALED_REFRESH).decode()
        except SealBroken as broken:
            log.error("a link cannot be rechecked", provider=row["provider"], reason=str(broken))
            return
        link = {name: row[name] for name in ("user_id", "provider", "linked_at")}
        try:
            stands = await self._provider.stands(row["provider"], token)
        except rules.ProviderUnavailable:
            return  # it was put off, and is asked again then
        if stands:
            await self._database.execute(q.note_check, hours=self._settings.account_check_hours, **link)
            return
        try:
            await self._book.change(
                row["user_id"],
                lambda connection: self._drop(
                    connection, row["user_id"], row["provider"], linked_at=row["linked_at"]
                ),
            )
        except NotFound:
            return  # she unlinked it, linked it anew, or is gone

    async def _keep(
        self, connection: Connection, user_id: str, provider: str, grant: Grant, grant_lookup: bytes
    ) -> w.LinkedAccount:
        account = {
            "user_id": user_id,
            "provider": provider,
            "subject_lookup": self._lookup.digest(f"account {provider}", grant.subject),
        }
        await self._database.execute(q.release_account, connection, **account)
        [row] = await self._database.fetch(
            q.keep_link,
            connection,
            grant_lookup=grant_lookup,
            refresh_sealed=self._sealer.seal(grant.refresh_token, _SEALED_REFRESH)
            if grant.refresh_token
            else None,
            days=self._settings.account_link_days,
            hours=self._settings.account_check_hours,
            **account,
        )
        return _account(row)

    async def _drop(
        self, connection: Connection, user_id: str, provider: str, linked_at: datetime | None = None
    ) -> w.LinkedAccount:
        row = await self._database.fetchrow(
            q.drop_link, connection, user_id=user_id, provider=provider, linked_at=linked_at
        )
        if row is None:
            raise NotFound("No account of this provider is linked.", path=["provider"])
        return _account(row)

    async def _by_grant(self, user_id: str, provider: str, grant_lookup: bytes) -> w.LinkedAccount | None:
        row = await self._database.fetchrow(
            q.link_of_grant, user_id=user_id, provider=provider, grant_lookup=grant_lookup
        )
        return None if row is None else _account(row)

    def _check_state(self, user_id: str, request: w.LinkAccount) -> None:
        """A state of ours must be this user's, for this provider and page: no forged page links for her."""
        if request.state is None:
            return
        until, _, _ = request.state.partition(".")
        seconds = int(until) if until.isascii() and until.isdigit() and len(until) < 12 else 0
        expected = self._state(user_id, request.provider, request.redirect_uri or "", seconds)
        if seconds < time.time() or not hmac.compare_digest(
            expected.encode(), request.state.encode("utf-8", "replace")
        ):
            message = (
                "state is not the one that startAccountLink answered, or it is too old; start the link again"
            )
            raise rules.invalid("state", "MISMATCH", message)

    def _state(self, user_id: str, provider: str, redirect_uri: str, until: int) -> str:
        parts: Sequence[str] = (user_id, provider, redirect_uri, str(until))
        digest = self._lookup.digest("link-state", "\n".join(parts))
        return f"{until}.{base64.urlsafe_b64encode(digest[:18]).decode()}"


def _account(row: Row) -> w.LinkedAccount:
    return msgspec.convert(dict(row), w.LinkedAccount)
