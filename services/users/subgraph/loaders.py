"""Batched reads: one call for all keys of a request, results in key order."""

from dataclasses import dataclass

from strawberry.dataloader import DataLoader

from services.kit.access import Access
from services.kit.auth import Principal
from services.kit.graphql import Caller, Context
from services.kit.upstream import Upstream
from services.users.subgraph.backend import Identity, User, UsersBackend


@dataclass(kw_only=True)
class UsersContext(Context):
    """What a resolver of this subgraph knows of its request."""

    backend: UsersBackend
    user_by_id: DataLoader[str, User | None]


def make_context(caller: Caller, upstream: Upstream, access: Access) -> UsersContext:
    """The context of one request."""
    backend = UsersBackend(upstream, caller.principal.user_id if caller.principal else None)
    return UsersContext(**vars(caller), access=access, backend=backend, user_by_id=_user_by_id(backend))


def identity_of(principal: Principal) -> Identity:
    """The account behind a verified token; claims of the wrong kind count as absent."""
    claims = principal.claims

    def text(name: str) -> str | None:
        value = claims.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= 320 else None

    return Identity(
        user_id=principal.user_id,
        issuer=principal.issuer,
        subject=principal.subject,
        email=text("email") if claims.get("email_verified") is not False else None,
        name=text("name"),
        member_id=text("member_id"),
        locale=text("locale"),
        country=text("country"),
    )


def _user_by_id(backend: UsersBackend) -> DataLoader[str, User | None]:
    async def load(ids: list[str]) -> list[User | None]:
        found = {user.id: user for user in await backend.users(ids)}
        return [found.get(id_) for id_ in ids]

    return DataLoader(load)
