"""setGate: what a fan must fulfil to enter."""

from typing import Annotated

import strawberry

from services.campaigns.subgraph.gate_types import GateInput
from services.campaigns.subgraph.types import Campaign, Info
from services.kit.types import ID, Conflict, NotFound, ValidationFailed, typed
from services.kit.upstream import Problem


@strawberry.federation.input(description="Which campaign gets which gate.", tags=["admin"])
class SetGateInput:
    id: ID = strawberry.field(description="The campaign.")
    gate: GateInput | None = strawberry.field(
        description="The new gate; null lets everybody in.", default=None
    )
    expected_version: int | None = strawberry.field(
        description="The version that the gate was made for; without it it is set on any.", default=None
    )


@strawberry.federation.type(description="The gate is set.", tags=["admin"])
class GateSet:
    campaign: Campaign = strawberry.field(description="The campaign as it is now.")


SetGateResult = Annotated[
    GateSet | NotFound | ValidationFailed | Conflict,
    strawberry.federation.union("SetGateResult", description="What became of it.", tags=["admin"]),
]


@strawberry.federation.mutation(description="Sets what a fan must fulfil to enter.", tags=["admin"])
async def set_gate(
    info: Info, input: Annotated[SetGateInput, strawberry.argument(description="The gate.")]
) -> SetGateResult:
    try:
        changed = await info.context.backend.set_gate(input.id, input)
    except Problem as problem:
        return typed(problem, NotFound, ValidationFailed, Conflict)
    return GateSet(campaign=Campaign.of(changed.campaign))
