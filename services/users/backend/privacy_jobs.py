"""Carrying out privacy requests. Killed anywhere and run again, each equals having been carried out once."""

from collections.abc import Mapping

from services.kit.errors import Unavailable
from services.kit.jobs import Jobs
from services.kit.privacy import Collect, Collected, Erasure, PersonalData, Receipt
from services.kit.telemetry import log
from services.kit.upstream import Upstream
from services.users.backend.archives_store import ArchiveFiles, Pages
from services.users.backend.privacy_store import SERVICES, Claim, PrivacyStore

_ATTEMPTS = 8
_CLEARED_AT_ONCE = 100


class _Stopped(Exception):
    """The request was called off, or another attempt took over."""


class PrivacyJobs:
    """The worker's side of privacy requests."""

    def __init__(
        self,
        store: PrivacyStore,
        files: ArchiveFiles,
        own: PersonalData,
        peers: Mapping[str, Upstream],
        keep_hours: int,
    ) -> None:
        self._store = store
        self._files = files
        self._own = own
        self._peers = peers
        self._keep_hours = keep_hours

    def register(self, jobs: Jobs) -> None:
        """Registers the periodic actions with the worker."""
        jobs.every(1.0, "erasures", self.erase_next)
        jobs.every(1.0, "archives", self.archive_next)
        jobs.every(60.0, "stale archives", self.clear_stale)
        jobs.every(3600.0, "overdue privacy requests", self.warn)

    async def erase_next(self) -> int:
        """Goes on with one erasure, service by service, as far as they answer; answers how many it took up.

        What a service has answered is kept before the next one is asked. One that does not answer is asked again for
        ever: an erasure has no way to fail.
        """
        claim = await self._store.claim("ERASURE")
        if claim is None:
            return 0
        try:
            for service in await self._store.awaited(claim):
                if not await self._store.renew(claim):
                    break
                await self._store.keep_receipt(claim, service, await self._erase(claim, service))
        except Exception as error:
            log.warning("erasure postponed", id=claim.id, reason=type(error).__name__)
            await self._store.postpone(claim)
        return 1

    async def archive_next(self) -> int:
        """Writes one archive; answers how many it took up."""
        claim = await self._store.claim("ACCESS")
        if claim is None:
            return 0
        keep: str | None = None
        try:
            keep = await self._archive(claim)
        except _Stopped:
            log.info("archive stopped", id=claim.id)
        except Exception as error:
            log.warning("archive postponed", id=claim.id, reason=type(error).__name__)
            await (self._store.give_up if claim.attempt >= _ATTEMPTS else self._store.postpone)(claim)
            return 1
        if keep is None:
            await self.clear_stale()
        else:
            await self._files.remove([claim.id], keep=keep)
        return 1

    async def clear_stale(self) -> int:
        """Removes archives that nobody may have any more; answers of how many requests."""
        stale = await self._store.stale_archives(_CLEARED_AT_ONCE)
        await self._files.remove(stale)
        if stale:
            await self._store.forget_archives(stale)
        return len(stale)

    async def warn(self) -> int:
        """Says aloud that requests are past their day."""
        if overdue := await self._store.overdue():
            log.error("privacy requests are overdue", count=overdue)
        return 0

    async def _erase(self, claim: Claim, service: str) -> Receipt:
        if service == "users":
            return await self._own.erase(Erasure(claim.id, claim.user_id, claim.created_at))
        erasure = Erasure(claim.id, claim.user_id, claim.created_at, await self._store.version(claim))
        peer = self._peer(service)
        return await peer.call("POST", "/personal-data/erase", Receipt, erasure, idempotent=True)

    async def _archive(self, claim: Claim) -> str | None:
        """The file that was published; None when it came too late."""
        archive = self._files.begin(claim.id, claim.attempt, claim.created_at)

        async def still() -> None:
            if not await self._store.renew(claim):
                raise _Stopped

        for service in SERVICES:
            await archive.add(service, self._pages(service), claim.user_id, still)
        await archive.finish(claim.locale)
        published = await self._store.publish(
            claim,
            file=archive.file,
            key=archive.key,
            byte_size=archive.byte_size,
            sha256=archive.sha256,
            hours=self._keep_hours,
            parts={part.service: (part.count, bytes.fromhex(part.digest)) for part in archive.parts},
        )
        return archive.file if published else None

    def _pages(self, service: str) -> Pages:
        if service == "users":
            return self._own.collect

        async def ask(wanted: Collect) -> Collected:
            peer = self._peer(service)
            return await peer.call("POST", "/personal-data/collect", Collected, wanted, idempotent=True)

        return ask

    def _peer(self, service: str) -> Upstream:
        if service not in self._peers:
            raise Unavailable(f"{service.upper()}_BACKEND_URL is not set.")
        return self._peers[service]
