"""The audit log, and the explanation of permissions, in the graph."""

from typing import Self

import strawberry

from services.kit.types import ID, DateTime
from services.users.subgraph import backend
from services.users.subgraph.access_types import ADMIN
from services.users.subgraph.types import Campaign, Info, RoleBinding, Team, User


@strawberry.federation.type(
    description="An admin action in its team's hash chain: each hash covers the event and the hash before it.",
)
class AuditEvent:
    id: ID = strawberry.field(description="Opaque id.")
    sequence: int = strawberry.field(description="Its place in the team's chain, from 1.")
    at: DateTime = strawberry.field(description="When it was done.")
    action: str = strawberry.field(description="What was done: the name of the mutation.")
    actor_id: ID = strawberry.field(
        description="Who did it, by id; also when she is not to be seen any more. `schedule`: a campaign's window did."
    )
    target: ID = strawberry.field(description="The id of what it was done to.")
    before: str | None = strawberry.field(
        description="SHA-256 of the thing before, in hex; null: there was none."
    )
    after: str | None = strawberry.field(
        description="SHA-256 of the thing after, in hex; null: there is none."
    )
    request_id: str | None = strawberry.field(description="The request that did it.")
    previous_hash: str = strawberry.field(
        description="The hash of the event before, in hex; 64 zeros for the first."
    )
    hash: str = strawberry.field(description="SHA-256 of the previous hash and this event, in hex.")
    entry: strawberry.Private[backend.AuditEntry]

    @strawberry.field(description="Who did it; null when she is not the viewer's to see.")
    async def actor(self, info: Info) -> User | None:
        return await User.resolve_reference(info, self.entry.actor)

    @strawberry.field(description="The team on whose behalf it was done.")
    async def team(self, info: Info) -> Team | None:
        return await Team.resolve_reference(info, self.entry.team_id)

    @strawberry.field(description="The campaign that it was about, if it was about one.")
    def campaign(self) -> Campaign | None:
        return Campaign(id=ID(self.entry.campaign_id)) if self.entry.campaign_id else None

    @classmethod
    def of(cls, entry: backend.AuditEntry) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            id=ID(entry.id),
            sequence=entry.sequence,
            at=DateTime(entry.at),
            action=entry.action,
            actor_id=ID(entry.actor),
            target=ID(entry.target),
            before=entry.before,
            after=entry.after,
            request_id=entry.request_id,
            previous_hash=entry.previous_hash,
            hash=entry.hash,
            entry=entry,
        )


@strawberry.federation.type(
    description="Whether somebody may do something, and which role decides it.", tags=ADMIN
)
class AccessExplanation:
    allowed: bool = strawberry.field(description="Whether she may.")
    reason: str = strawberry.field(description="Why, for people.")
    binding: RoleBinding | None = strawberry.field(
        description="The role that decides: the one that allows it, or the expired one that did; null: none did."
    )
