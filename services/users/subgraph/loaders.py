"""Batched reads: one call for all keys of a request, results in key order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from strawberry.dataloader import DataLoader

from services.kit.access import Access
from services.kit.auth import Principal
from services.kit.graphql import Caller, Context
from services.kit.ids import is_id
from services.kit.loaders import by_key, grouped
from services.kit.policy import Unauthenticated
from services.kit.upstream import Upstream
from services.users.subgraph.backend import Binding, CampaignAccess, Identity, Team, User, UsersBackend
from services.users.subgraph.privacy_backend import PrivacyBackend, PrivacyRequest
from services.users.subgraph.proofs_backend import Consent, ProofsBackend, UserProofs

_MAX_BATCH = 100
"""As many keys as the User Service takes."""


@dataclass(kw_only=True)
class UsersContext(Context):
    """What a resolver of this subgraph knows of its request.

    What the caller may not see, loaders answer None for.
    """

    backend: UsersBackend
    proofs: ProofsBackend
    privacy: PrivacyBackend
    user_by_id: DataLoader[str, User | None]
    team_by_id: DataLoader[str, Team | None]
    access_by_campaign: DataLoader[str, CampaignAccess | None]
    roles_by_team: DataLoader[str, list[Binding]]
    roles_by_user: DataLoader[str, list[Binding]]
    proofs_by_user: DataLoader[str, UserProofs | None]
    consents_by_user: DataLoader[str, list[Consent]]
    privacy_request_by_id: DataLoader[str, PrivacyRequest | None]
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
    actor = caller.principal.user_id if caller.principal else None
    backend, proofs = UsersBackend(upstream, actor), ProofsBackend(upstream, actor)
    privacy = PrivacyBackend(upstream, actor)

    def seen(kind: str) -> Callable[[str], bool]:
        """Accepts ids of this kind; none for who is not signed in, for she may see nothing."""
        return lambda key: caller.principal is not None and is_id(kind, key)

    return UsersContext(
        **vars(caller),
        access=access,
        backend=backend,
        proofs=proofs,
        privacy=privacy,
        user_by_id=by_key(
            backend.users, lambda user: user.id, accepts=seen("usr"), max_batch_size=_MAX_BATCH
        ),
        team_by_id=by_key(
            backend.teams, lambda team: team.id, accepts=seen("tea"), max_batch_size=_MAX_BATCH
        ),
        access_by_campaign=by_key(
            backend.campaigns, lambda campaign: campaign.id, accepts=seen("cmp"), max_batch_size=_MAX_BATCH
        ),
        roles_by_team=grouped(
            backend.roles_of_teams, lambda binding: binding.team_id, max_batch_size=_MAX_BATCH
        ),
        roles_by_user=grouped(
            backend.roles_of_users, lambda binding: binding.user_id, max_batch_size=_MAX_BATCH
        ),
        proofs_by_user=by_key(proofs.proofs, lambda found: found.user_id, max_batch_size=_MAX_BATCH),
        consents_by_user=grouped(proofs.consents, lambda consent: consent.user_id, max_batch_size=_MAX_BATCH),
        privacy_request_by_id=by_key(
            privacy.requests, lambda request: request.id, accepts=seen("prv"), max_batch_size=_MAX_BATCH
        ),
    )


def identity_of(principal: Principal, do_not_sell_signal: bool) -> Identity:
    """The account behind a verified token; claims of the wrong kind count as absent. A service account has a name at
    most: whatever else its token claims, there is no person whom it could be about.
    """
    claims = principal.claims

    def text(name: str) -> str | None:
        if principal.is_service and name != "name":
            return None
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
        issued_at=principal.issued_at,
    )
