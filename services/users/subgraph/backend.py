"""The User Service as this subgraph calls it: the only file that knows its HTTP paths."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.kit.upstream import Upstream


class User(msgspec.Struct):
    """A user as the User Service answers her; see its OpenAPI document."""

    id: str
    global_user_id: str
    member_id: str | None
    email: str | None
    phone: str | None
    phone_verified_at: datetime | None
    display_name: str | None
    locale: str | None
    country: str | None
    do_not_sell: bool
    privacy_source: str
    privacy_updated_at: datetime
    created_at: datetime


class _Users(msgspec.Struct):
    users: list[User]


class Identity(msgspec.Struct):
    """What a verified token says of its account."""

    user_id: str
    issuer: str
    subject: str
    email: str | None
    name: str | None
    member_id: str | None
    locale: str | None
    country: str | None


class UsersBackend:
    """Calls of one request, on behalf of `actor`."""

    def __init__(self, upstream: Upstream, actor: str | None) -> None:
        self._upstream = upstream
        self._actor = actor

    async def users(self, ids: Sequence[str]) -> list[User]:
        """Users by id; unknown ids are left out."""
        return (await self._upstream.call("POST", "/users/batch", _Users, {"ids": ids}, idempotent=True)).users

    async def open_session(self, identity: Identity) -> User:
        """The caller's own user, made at first sight."""
        return await self._upstream.call("POST", "/users/session", User, identity, actor=self._actor, idempotent=True)
