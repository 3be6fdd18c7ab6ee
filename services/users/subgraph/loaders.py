"""Batched reads: one call for all keys of a request, results in key order."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from strawberry.dataloader import DataLoader

from services.kit.access import Access
from services.kit.auth import Principal
from services.kit.graphql import Caller, Context
from services.kit.ids import is_id
from services.kit.policy import Unauthenticated
from services.kit.upstream import Upstream
from services.users.subgraph.backend import Binding, CampaignAccess, Identity, Team, User, UsersBackend

T = TypeVar("T", User, Team, CampaignAccess)


@dataclass(kw_only=True)
class UsersContext(Context):
    """What a resolver of this subgraph knows of its request.

    What the caller may not see, loaders answer None for.
    """

    backend: UsersBackend
    user_by_id: DataLoader[str, User | None]
    team_by_id: DataLoader[str, Team | None]
    access_by_campaign: DataLoader[str, CampaignAccess | None]
    roles_by_team: DataLoader[str, list[Binding]]
    roles_by_user: DataLoader[str, list[Binding]]
    _session: User | None = field(default=None, repr=False)

    async def session(self) -> User:
        """The caller's own user, made at first sight; asked for once a request. Raises Unauthenticated."""
        if self.principal is None:
            raise Unauthenticated
        if self._session is None:
            identity = identity_of(self.principal, self.do_not_sell_signal)
            self._session = await self.backend.open_session(identity)
        return self._session


def make_context(caller: Caller, upstream: Upstream, access: Access) -> UsersContext:
    """The context of one request."""
    backend = UsersBackend(upstream, caller.principal.user_id if caller.principal else None)
    signed_in = caller.principal is not None
    return UsersContext(
        **vars(caller),
        access=access,
        backend=backend,
        user_by_id=_by_id("usr", backend.users, signed_in),
        team_by_id=_by_id("tea", backend.teams, signed_in),
        access_by_campaign=_by_id("cmp", backend.campaigns, signed_in),
        roles_by_team=_grouped(backend.roles_of_teams, lambda binding: binding.team_id),
        roles_by_user=_grouped(backend.roles_of_users, lambda binding: binding.user_id),
    )


def identity_of(principal: Principal, do_not_sell_signal: bool) -> Identity:
    """The account behind a verified token; claims of the wrong kind count as absent."""
    claims = principal.claims

    def text(name: str) -> str | None:
        value = claims.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= 320 and value.isprintable() else None

    return Identity(
        user_id=principal.user_id,
        issuer=principal.issuer,
        subject=principal.subject,
        email=text("email") if claims.get("email_verified") is True else None,
        name=text("name"),
        member_id=text("member_id"),
        locale=text("locale"),
        country=text("country"),
        do_not_sell_signal=do_not_sell_signal,
    )


def _by_id(
    kind: str, read: Callable[[Sequence[str]], Awaitable[list[T]]], signed_in: bool
) -> DataLoader[str, T | None]:
    async def load(ids: list[str]) -> list[T | None]:
        known = [key for key in ids if is_id(kind, key)]
        found = {item.id: item for item in await read(known)} if known and signed_in else {}
        return [found.get(key) for key in ids]

    return DataLoader(load, max_batch_size=100)


def _grouped(
    read: Callable[[Sequence[str]], Awaitable[list[Binding]]], key: Callable[[Binding], str]
) -> DataLoader[str, list[Binding]]:
    async def load(ids: list[str]) -> list[list[Binding]]:
        groups: dict[str, list[Binding]] = defaultdict(list)
        for binding in await read(ids):
            groups[key(binding)].append(binding)
        return [groups[owner] for owner in ids]

    return DataLoader(load, max_batch_size=100)
