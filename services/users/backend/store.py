"""All SQL about users: typed twins of `queries.sql`. Personal data is sealed on the way in, opened on the way out."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

import asyncpg
from msgspec import UNSET

from services.kit.batching import MicroBatcher
from services.kit.errors import AccountErased
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import LookupKey, Sealer
from services.users.backend import contacts_wire, rules, wire

q = Queries(Path(__file__).with_name("queries.sql"))
S = TypeVar("S")
R = TypeVar("R")
_ERASED_MEANWHILE = "23000"  # what the trigger app_user_not_erased raises


class Store:
    """The users of the users database, and what entries must know of them."""

    def __init__(self, database: Database, sealer: Sealer, lookup: LookupKey, outbox: Outbox) -> None:
        self._database = database
        self._sealer = sealer
        self._lookup = lookup
        self._outbox = outbox
        self._sessions: MicroBatcher[wire.Session, tuple[Row, list[str]]] = MicroBatcher(self._open_together)

    async def open_session(self, session: wire.Session) -> wire.User:
        """The user behind a verified token: made at first sight, her claims followed, her browser's signal heeded.

        Sessions of the same moment are opened together; known and unchanged users cost one read. Raises AccountErased.
        """
        row, urgent = await self._sessions.submit(session)
        await self._outbox.deliver(urgent)
        return self.user(row, rules.ALL)

    async def sight(self, sightings: Sequence[wire.Sighting]) -> None:
        """Makes the users that are not there yet and remembers what they entered; safe to repeat and to run at once.

        Entries has the claims of whom it reports, so only a change to somebody already known is published, or that she
        opted out; and not delivered before this returns: entries is waiting for it.
        """
        await again_if_erased(self._take_sightings, sightings)

    async def _take_sightings(self, sightings: Sequence[wire.Sighting]) -> None:
        async with self._database.transaction() as connection:
            rows = await self._sight(connection, sightings)
            followed = await self._follow_signals(connection, sightings)
            news = {row["id"]: row for row in rows if not row["inserted"]} | {r["id"]: r for r in followed}
            await self.publish(connection, list(news.values()))
            entered = [s for s in sightings if s.campaign_id is not None]
            await self._database.execute(
                q.keep_entrants,
                connection,
                user_ids=[s.user_id for s in entered],
                campaign_ids=[s.campaign_id for s in entered],
                issued_at=[s.issued_at for s in entered],
            )

    async def herself(self, id: str) -> wire.User:
        """All of a user who has signed in. Raises AccountErased when she is gone by now."""
        rows = await self._by_id([id])
        if not rows:
            raise AccountErased
        return self.user(rows[id], rules.ALL)

    async def visible(self, viewer: str, ids: Sequence[str]) -> list[wire.User]:
        """The users of these ids that the viewer may see, each cut down to what she may see of her."""
        rows = await self._database.fetch(q.visible_users, viewer=viewer, ids=list(ids))
        sights = [
            rules.sight(
                herself=row["id"] == viewer,
                roles_over_entries=row["roles_over_entries"],
                roles_over_team=row["roles_over_team"],
                listed=row["listed"],
                colleague=row["colleague"],
            )
            for row in rows
        ]
        return [self.user(row, sight) for row, sight in zip(rows, sights, strict=True) if sight.basics]

    async def contacts(self, ids: Sequence[str]) -> list[contacts_wire.Contact]:
        """How these users are reached, as far as they exist."""
        return [
            contacts_wire.Contact(
                id=row["id"],
                email=self._sealer.open_text(row["email_sealed"], "user.email"),
                phone=self._sealer.open_text(row["phone_sealed"], "user.phone"),
                locale=row["locale"],
                display_name=self._sealer.open_text(row["name_sealed"], "user.name"),
            )
            for row in await self._database.fetch(q.users_by_id, ids=list(ids))
        ]

    async def update_profile(self, id: str, profile: wire.Profile) -> wire.User:
        """Changes name and locale. Raises Invalid, AccountErased."""
        name = profile.display_name
        if isinstance(name, str):
            name = rules.clean_name(name, "display_name")
        row = await self._database.fetchrow(
            q.update_profile,
            id=id,
            change_name=name is not UNSET,
            name_sealed=self._seal(name, "user.name") if isinstance(name, str) else None,
            change_locale=profile.locale is not UNSET,
            locale=rules.known_locale(profile.locale) if isinstance(profile.locale, str) else None,
        )
        if row is None:
            raise AccountErased
        return self.user(row, rules.ALL)

    async def set_privacy(self, id: str, do_not_sell: bool) -> wire.User:
        """The user's own choice, published at once. Raises AccountErased."""
        async with self._database.transaction() as connection:
            row = await self._database.fetchrow(q.set_privacy, connection, id=id, do_not_sell=do_not_sell)
            messages = await self.publish(connection, [row]) if row else []
        await self._outbox.deliver(messages)
        return self.user(row, rules.ALL) if row else await self.herself(id)

    async def publish(self, connection: Connection, rows: Sequence[Row]) -> list[str]:
        """Publishes these users' gate facts in the open transaction; answers what to `deliver` after the commit.

        The rows are locked by the statement that gave them their versions: what she has proved cannot change meanwhile.
        """
        if not rows:
            return []
        proofs = await self._database.fetch(q.gate_proofs, connection, ids=[row["id"] for row in rows])
        return await self._outbox.publish(
            connection,
            "user",
            [snapshot(row, [p for p in proofs if p["user_id"] == row["id"]]) for row in rows],
        )

    async def keep_campaigns(self, campaigns: Sequence[wire.CampaignSnapshot]) -> None:
        """Keeps whose each campaign is; older versions change nothing."""
        newest = {c.id: c for c in sorted(campaigns, key=lambda c: c.version)}.values()
        await self._database.execute(
            q.keep_campaigns,
            ids=[c.id for c in newest],
            team_ids=[c.team_id for c in newest],
            versions=[c.version for c in newest],
        )

    def user(self, row: Row, sight: rules.Sight) -> wire.User:
        """A row as the viewer may see it."""
        contact = sight.contact
        return wire.User(
            id=row["id"],
            global_user_id=row["subject"],
            member_id=row["member_id"] if contact else None,
            email=self._sealer.open_text(row["email_sealed"], "user.email") if contact else None,
            phone=self._sealer.open_text(row["phone_sealed"], "user.phone") if contact else None,
            phone_verified_at=row["phone_verified_at"] if sight.profile else None,
            display_name=self._sealer.open_text(row["name_sealed"], "user.name") if sight.name else None,
            locale=row["locale"] if sight.profile else None,
            country=row["country"] if sight.profile else None,
            do_not_sell=row["do_not_sell"],
            privacy_source=row["privacy_source"],
            privacy_updated_at=row["privacy_updated_at"],
            created_at=row["created_at"],
            sees_name=sight.name,
            sees_contact=contact,
        )

    async def _open_together(self, sessions: list[wire.Session]) -> list[tuple[Row, list[str]] | Exception]:
        rows = await self._by_id([session.user_id for session in sessions])
        urgent: dict[str, list[str]] = {}
        if stale := [s for s in sessions if self._has_news(s, rows.get(s.user_id))]:
            urgent = await again_if_erased(self._renew, stale)
            rows |= await self._by_id([session.user_id for session in stale])
        return [
            AccountErased()
            if (row := rows.get(session.user_id)) is None or row["is_leaving"]
            else (row, urgent.pop(session.user_id, []))
            for session in sessions
        ]

    async def _renew(self, sessions: list[wire.Session]) -> dict[str, list[str]]:
        """Answers what is to be delivered at once, by user."""
        async with self._database.transaction() as connection:
            changed = await self._sight(connection, sessions)
            followed = await self._follow_signals(connection, sessions)
            # Entries knows a newcomer's claims from her token: the worker's delivery, many at a time, is soon enough.
            newcomers = {row["id"]: row for row in changed if row["inserted"]}
            telling = {id_: row for id_, row in newcomers.items() if row["country"] or row["member_id"]}
            urgent = {row["id"]: row for row in [*changed, *followed] if row["id"] not in newcomers}
            urgent |= {row["id"]: row for row in followed}
            await self.publish(connection, [row for id_, row in telling.items() if id_ not in urgent])
            return {id_: await self.publish(connection, [row]) for id_, row in urgent.items()}

    async def _by_id(self, ids: Sequence[str]) -> dict[str, Row]:
        rows = await self._database.fetch(q.users_by_id, ids=sorted(set(ids)))
        return {row["id"]: row for row in rows}

    async def _sight(self, connection: Connection, identities: Sequence[wire.Identity]) -> list[Row]:
        return await self._database.fetch(
            q.sight_users,
            connection,
            ids=[i.user_id for i in identities],
            issuers=[i.issuer for i in identities],
            subjects=[i.subject for i in identities],
            member_ids=[i.member_id for i in identities],
            emails_sealed=[self._seal(i.email, "user.email") for i in identities],
            emails_lookup=[self._email_lookup(i) for i in identities],
            names_sealed=[self._seal(i.name, "user.name") for i in identities],
            locales=[rules.known_locale(i.locale) for i in identities],
            countries=[rules.known_country(i.country) for i in identities],
            issued_at=[i.issued_at for i in identities],
        )

    async def _follow_signals(self, connection: Connection, identities: Sequence[wire.Identity]) -> list[Row]:
        """Those whom their browser's signal opts out now."""
        signalled = [i.user_id for i in identities if i.do_not_sell_signal]
        return await self._database.fetch(q.follow_signals, connection, ids=signalled) if signalled else []

    def _has_news(self, session: wire.Session, row: Row | None) -> bool:
        if row is None or (session.do_not_sell_signal and row["gpc_at"] is None):
            return True
        claims = {
            "member_id": session.member_id,
            "email_lookup": self._email_lookup(session),
            "country": rules.known_country(session.country),
        }
        return any(value is not None and value != row[name] for name, value in claims.items())

    def _email_lookup(self, identity: wire.Identity) -> bytes | None:
        return self._lookup.digest("email", identity.email.lower()) if identity.email else None

    def _seal(self, value: str | None, context: str) -> bytes | None:
        return None if value is None else self._sealer.seal(value, context)


async def again_if_erased(action: Callable[[S], Awaitable[R]], given: S) -> R:
    """What `action` answers, tried again when somebody was erased while it ran: by then her tombstone is seen."""
    try:
        return await action(given)
    except asyncpg.IntegrityConstraintViolationError as error:
        if error.sqlstate != _ERASED_MEANWHILE:
            raise
    return await action(given)


def snapshot(row: Row, proofs: Sequence[Row]) -> wire.UserSnapshot:
    """A user's gate facts, as entries needs them; `proofs` are hers, from `gate_proofs`."""
    return wire.UserSnapshot(
        id=row["id"],
        version=row["version"],
        phone_verified=row["phone_verified_at"] is not None,
        country=row["country"],
        member_id=row["member_id"],
        do_not_sell=row["do_not_sell"],
        phone_verified_at=row["phone_since"],
        accounts=_proofs(proofs, "accounts"),
        cards=_proofs(proofs, "cards"),
        tiers=_proofs(proofs, "tiers"),
        known_since=row["created_at"],
        phone_key=row["phone_lookup"].hex() if row["phone_lookup"] else None,
    )


def _proofs(rows: Sequence[Row], kind: str) -> list[wire.Proof]:
    return [wire.Proof(row["value"], row["expires_at"]) for row in rows if row["kind"] == kind]
