"""The users subgraph's schema, guarded by its policy."""

import strawberry

from services.kit.graphql import build_schema
from services.kit.policy import enforce
from services.kit.types import ID
from services.users.subgraph.loaders import identity_of
from services.users.subgraph.policy import POLICY
from services.users.subgraph.types import Info, User


@strawberry.type
class Query:
    @strawberry.field(description="Who is signed in; null when nobody is.")
    async def viewer(self, info: Info) -> User | None:
        context = info.context
        if context.principal is None:
            return None
        return User.of(await context.backend.open_session(identity_of(context.principal)))

    @strawberry.field(description="A user by id.")
    async def user(self, info: Info, id: ID) -> User | None:
        return await User.resolve_reference(info, id)


schema = build_schema(Query, None, [User])
enforce(schema, POLICY)
