"""What the User Service keeps about a person, and how it lets her go: typed twins of `personal_data.sql`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.kit.audit import audit_event
from services.kit.ids import new_id
from services.kit.messages import SmsSender
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.privacy import NOBODY, Erasure, PersonalData, Section
from services.kit.sealing import Sealer
from services.kit.telemetry import log
from services.users.backend.archives_store import ArchiveFiles
from services.users.backend.audit_store import AuditStore
from services.users.backend.privacy_store import PrivacyStore
from services.users.backend.teams_store import binding

q = Queries(Path(__file__).with_name("personal_data.sql"))
_SEALED = {"email_sealed": "user.email", "name_sealed": "user.name", "phone_sealed": "user.phone"}


class UsersPersonalData(PersonalData):
    """A person and everything that hangs on her. Teams outlive their owners, the audit log keeps ids."""

    service = "users"

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        outbox: Outbox,
        *,
        audit: AuditStore,
        sender: SmsSender,
        requests: PrivacyStore,
        archives: ArchiveFiles,
    ) -> None:
        super().__init__(database)
        self._sealer = sealer
        self._outbox = outbox
        self._audit = audit
        self._sender = sender
        self._requests = requests
        self._archives = archives
        self.sections = (
            Section("profile", q.her_profile, lambda row: self._opened(row, _SEALED)),
            Section(
                "phone_verification",
                q.her_verification,
                lambda row: self._opened(row, {"phone_sealed": "verification.phone"}),
            ),
            Section("entered_campaign", q.her_campaigns),
            Section("linked_account", q.her_accounts),
            Section("verified_card", q.her_cards),
            Section("identity_verification", q.her_tiers),
            Section("consent", q.her_consents),
            Section("role", q.her_roles),
            Section("action", q.her_actions),
            Section("privacy_request", q.her_requests),
        )

    async def remove(self, connection: Connection, erasure: Erasure) -> dict[str, int]:
        """Erases her; answers how many records of each kind.

        Locks are taken in the order of everybody else: teams, proof, user.
        """
        who = {"user_id": erasure.user_id}
        await self._database.fetch(q.lock_teams, connection, **who)
        proofs = await self._database.fetch(q.forget_verification, connection, **who)
        user = await self._database.fetchrow(q.lock_user, connection, **who)
        if user is None:
            return {}
        proofs += await self._database.fetch(q.forget_verification, connection, **who)
        roles = await self._end_roles(connection, erasure.user_id)
        grants = await self._database.fetch(q.disown_grants, connection, nobody=NOBODY, **who)
        await self._database.execute(q.keep_entered, connection, nobody=NOBODY, **who)
        entered = await self._database.fetch(q.forget_entered, connection, **who)
        answers = await self._database.fetch(q.forget_answers, connection, **who)
        snapshots = await self._outbox.forget(
            connection, "user", lambda snapshot: snapshot["id"] == erasure.user_id
        )
        archives = await self._requests.end_archives(connection, erasure)
        await self._database.execute(q.forget_counters, connection, **who)
        messages = self._sender.forget(self._addresses(user, proofs))
        [proved] = await self._database.fetch(q.count_proofs, connection, **who)
        await self._database.execute(q.forget_user, connection, **who)
        await self._database.execute(
            q.keep_version, connection, request_id=erasure.request_id, version=user["version"] + 1
        )
        return {
            "profile": 1,
            "phone_verification": len(proofs),
            "entered_campaign": len(entered),
            "role": roles,
            "grant": len(grants),
            "answer": len(answers),
            "snapshot": snapshots,
            "text_message": messages,
            "archive": archives,
            **proved,
        }

    async def clear_away(self, erasure: Erasure) -> None:
        """Removes the files of her archives, which nobody can open any more."""
        ids = await self._requests.archives_of(erasure.user_id)
        await self._archives.remove(ids)
        await self._requests.forget_archives(ids)

    async def _end_roles(self, connection: Connection, user_id: str) -> int:
        """Ends all that she may do. A team that she alone owned passes to its longest-standing administrator."""
        ended = await self._database.fetch(q.end_roles, connection, user_id=user_id)
        teams = sorted({row["team_id"] for row in ended})
        heirs = await self._database.fetch(
            q.inherit_ownership, connection, nobody=NOBODY, team_ids=teams, ids=[new_id("rol") for _ in teams]
        )
        events = [
            audit_event(
                team_id=row["team_id"],
                campaign_id=row["campaign_id"],
                actor=NOBODY,
                action="requestErasure",
                target=row["id"],
                **{when: binding(row)},
            )
            for when, rows in (("before", ended), ("after", heirs))
            for row in rows
        ]
        if events:
            await self._audit.append(connection, events)
        if left := await self._database.fetch(q.ownerless_teams, connection, team_ids=teams):
            log.error("teams are left without an owner", teams=[row["id"] for row in left])
        return len(ended)

    def _addresses(self, user: Row, proofs: Sequence[Row]) -> list[str]:
        found = {self._sealer.open(row["phone_sealed"], "verification.phone").decode() for row in proofs}
        found |= {
            address
            for name in ("phone_sealed", "email_sealed")
            if (address := self._sealer.open_text(user[name], _SEALED[name]))
        }
        return sorted(found)

    def _opened(self, row: Row, contexts: Mapping[str, str]) -> Mapping[str, Any]:
        """A row with its sealed columns in clear, under their names without `_sealed`."""
        return {
            name.removesuffix("_sealed"): self._sealer.open_text(value, contexts[name])
            if name in contexts
            else value
            for name, value in row.items()
        }
