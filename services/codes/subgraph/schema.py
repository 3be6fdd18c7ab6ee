"""The codes subgraph's schema, guarded by its policy."""

from typing import Annotated

import strawberry

from services.codes.subgraph.distributions_types import CodeDistribution
from services.codes.subgraph.holders_types import User
from services.codes.subgraph.mutations.assign_codes import assign_codes
from services.codes.subgraph.mutations.create_code_pool import create_code_pool
from services.codes.subgraph.mutations.create_webhook import create_webhook
from services.codes.subgraph.mutations.delete_webhook import delete_webhook
from services.codes.subgraph.mutations.generate_codes import generate_codes
from services.codes.subgraph.mutations.import_codes import import_codes
from services.codes.subgraph.mutations.redeliver_webhook import redeliver_webhook
from services.codes.subgraph.mutations.reissue_code import reissue_code
from services.codes.subgraph.mutations.report_redemption import report_redemption
from services.codes.subgraph.mutations.resend_code import resend_code
from services.codes.subgraph.mutations.reveal_code import reveal_code
from services.codes.subgraph.mutations.rotate_webhook_secret import rotate_webhook_secret
from services.codes.subgraph.mutations.update_webhook import update_webhook
from services.codes.subgraph.mutations.void_code import void_code
from services.codes.subgraph.policy import POLICY
from services.codes.subgraph.pools_types import CodeImport, CodePool
from services.codes.subgraph.types import AccessCode, Entry, Event, Info, Selection, Wave
from services.codes.subgraph.webhooks_types import Team
from services.kit.graphql import build_schema
from services.kit.policy import enforce
from services.kit.types import ID


@strawberry.type
class Query:
    @strawberry.field(description="A code by id; null when it is not there or you may not see it.")
    async def access_code(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The code.")]
    ) -> AccessCode | None:
        return await AccessCode.resolve_reference(info, id)

    @strawberry.federation.field(
        description="Who holds this code? Finds the code that somebody reads out, in any spelling: its `selection` and "
        "the `entry` of that say whose it is. Null when nobody knows it, or when you may not see it.",
        tags=["admin"],
    )
    async def access_code_by_value(
        self,
        info: Info,
        value: Annotated[str, strawberry.argument(description="The code itself. Send it as a variable.")],
    ) -> AccessCode | None:
        return await AccessCode.visible(info, await info.context.holders.code_by_value.load(value))

    @strawberry.federation.field(
        description="An import by id, to poll it; null when it is not there or you may not see it.",
        tags=["admin"],
    )
    async def code_import(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The import.")]
    ) -> CodeImport | None:
        return await CodeImport.visible(info, await info.context.import_by_id.load(id))

    @strawberry.federation.field(
        description="A distribution by id, to poll it; null when it is not there or you may not see it.",
        tags=["admin"],
    )
    async def code_distribution(
        self, info: Info, id: Annotated[ID, strawberry.argument(description="The distribution.")]
    ) -> CodeDistribution | None:
        return await CodeDistribution.visible(info, await info.context.distribution_by_id.load(id))


@strawberry.type
class Mutation:
    create_code_pool = create_code_pool
    import_codes = import_codes
    generate_codes = generate_codes
    assign_codes = assign_codes
    reveal_code = reveal_code
    resend_code = resend_code
    void_code = void_code
    reissue_code = reissue_code
    report_redemption = report_redemption
    create_webhook = create_webhook
    update_webhook = update_webhook
    rotate_webhook_secret = rotate_webhook_secret
    delete_webhook = delete_webhook
    redeliver_webhook = redeliver_webhook


schema = build_schema(Query, Mutation, [AccessCode, CodePool, Entry, Event, Selection, Team, User, Wave])
enforce(schema, POLICY)
