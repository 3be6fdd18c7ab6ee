"""The entries subgraph's schema, guarded by its policy."""

import strawberry

from services.entries.subgraph.mutations import submit_entry, update_entry_preferences, withdraw_entry
from services.entries.subgraph.policy import POLICY
from services.entries.subgraph.types import Campaign, Entry, Info, User
from services.kit.graphql import build_schema
from services.kit.policy import enforce
from services.kit.types import ID


@strawberry.type
class Query:
    @strawberry.field(description="An entry by id, for its owner and for holders of ENTRY_READ; null for all others.")
    async def entry(self, info: Info, id: ID) -> Entry | None:
        return await Entry.resolve_reference(info, id)


@strawberry.type
class Mutation:
    submit_entry = submit_entry.submit_entry
    update_entry_preferences = update_entry_preferences.update_entry_preferences
    withdraw_entry = withdraw_entry.withdraw_entry


schema = build_schema(Query, Mutation, [Entry, Campaign, User])
enforce(schema, POLICY)
