"""Gates: what a fan must fulfil to enter, as a tree."""

from enum import Enum
from typing import Annotated, Any

import strawberry

from services.campaigns.subgraph.gate_messages import explain
from services.campaigns.subgraph.locale_rules import viewer_locale
from services.kit.types import CountryCode, Locale

Info = strawberry.Info[Any, Any]
LocaleArgument = Annotated[
    Locale | None,
    strawberry.argument(description="The language wanted; without it the Accept-Language header counts."),
]


@strawberry.enum(description="A payment card's network.")
class CardBrand(Enum):
    VISA = strawberry.enum_value("VISA", description="Visa.")
    MASTERCARD = strawberry.enum_value("MASTERCARD", description="Mastercard.")
    AMEX = strawberry.enum_value("AMEX", description="American Express.")
    DISCOVER = strawberry.enum_value("DISCOVER", description="Discover.")


@strawberry.enum(description="Who runs an account that can be linked.")
class AccountProvider(Enum):
    VERIZON = strawberry.enum_value("VERIZON", description="Verizon.")
    CITI = strawberry.enum_value("CITI", description="Citi.")


@strawberry.enum(description="How thoroughly an identity was verified.")
class IdentityTier(Enum):
    ASU = strawberry.enum_value(
        "ASU", description="Advanced sign-up: a document and a live picture were checked."
    )


@strawberry.interface(description="What every kind of gate can tell of itself.")
class GateRequirement:
    node: strawberry.Private[dict[str, Any]]
    default_locale: strawberry.Private[str]

    @strawberry.field(description="In a sentence: what a fan needs to fulfil this, with all that is in it.")
    def explanation(self, info: Info, locale: LocaleArgument = None) -> str:
        return explain(self.node, viewer_locale(self.default_locale, locale, info.context.accept_language))


@strawberry.type(description="All of these requirements must be fulfilled.")
class AllOf(GateRequirement):
    gates: list[Annotated["Gate", strawberry.lazy("services.campaigns.subgraph.gate_types")]] = (
        strawberry.field(description="The requirements.")
    )


@strawberry.type(description="At least one of these requirements must be fulfilled.")
class AnyOf(GateRequirement):
    gates: list[Annotated["Gate", strawberry.lazy("services.campaigns.subgraph.gate_types")]] = (
        strawberry.field(description="The requirements.")
    )


@strawberry.type(description="A verified payment card.")
class CardGate(GateRequirement):
    brands: list[CardBrand] = strawberry.field(description="A card of any of these counts.")


@strawberry.type(description="A linked account.")
class LinkedAccountGate(GateRequirement):
    providers: list[AccountProvider] = strawberry.field(description="An account at any of these counts.")


@strawberry.type(description="A verified identity.")
class IdentityGate(GateRequirement):
    tier: IdentityTier = strawberry.field(description="How thoroughly it must have been verified.")


@strawberry.type(description="A confirmed phone number.")
class PhoneGate(GateRequirement):
    required: bool = strawberry.field(description="Always true.")


@strawberry.type(description="A place to live.")
class RegionGate(GateRequirement):
    countries: list[CountryCode] = strawberry.field(description="Living in any of these counts.")


@strawberry.type(description="A membership that the identity provider vouches for.")
class MembershipGate(GateRequirement):
    required: bool = strawberry.field(description="Always true.")


Gate = Annotated[
    AllOf | AnyOf | CardGate | LinkedAccountGate | IdentityGate | PhoneGate | RegionGate | MembershipGate,
    strawberry.union(
        "Gate", description="What a fan must fulfil to enter: one requirement, or a tree of them."
    ),
]


def gate_of(node: dict[str, Any], default_locale: str) -> Any:
    """The graph's view of a gate as the Campaign Service writes it."""
    [(kind, value)] = node.items()
    said: dict[str, Any] = {"node": node, "default_locale": default_locale}
    match kind:
        case "all_of":
            return AllOf(gates=[gate_of(child, default_locale) for child in value], **said)
        case "any_of":
            return AnyOf(gates=[gate_of(child, default_locale) for child in value], **said)
        case "card":
            return CardGate(brands=[CardBrand(brand) for brand in value["brands"]], **said)
        case "linked_account":
            providers = [AccountProvider(provider) for provider in value["providers"]]
            return LinkedAccountGate(providers=providers, **said)
        case "identity":
            return IdentityGate(tier=IdentityTier(value["tier"]), **said)
        case "phone":
            return PhoneGate(required=value, **said)
        case "region":
            return RegionGate(countries=[CountryCode(country) for country in value["countries"]], **said)
        case "membership":
            return MembershipGate(required=value, **said)
        case _:
            raise LookupError(f"no such gate: {kind}")


@strawberry.federation.input(description="A verified payment card of any of these brands.", tags=["admin"])
class CardGateInput:
    brands: list[CardBrand] = strawberry.field(description="At least one.")


@strawberry.federation.input(description="A linked account at any of these providers.", tags=["admin"])
class LinkedAccountGateInput:
    providers: list[AccountProvider] = strawberry.field(description="At least one.")


@strawberry.federation.input(description="A verified identity.", tags=["admin"])
class IdentityGateInput:
    tier: IdentityTier = strawberry.field(description="How thoroughly it must have been verified.")


@strawberry.federation.input(description="Living in any of these countries.", tags=["admin"])
class RegionGateInput:
    countries: list[CountryCode] = strawberry.field(description="At least one.")


@strawberry.federation.input(
    one_of=True,
    description="One requirement, or a tree of them: exactly one field is given. At most 5 levels and 50 requirements.",
    tags=["admin"],
)
class GateInput:
    all_of: list["GateInput"] | None = strawberry.field(
        default=strawberry.UNSET, description="All of these must be fulfilled."
    )
    any_of: list["GateInput"] | None = strawberry.field(
        default=strawberry.UNSET, description="At least one of these must be fulfilled."
    )
    card: CardGateInput | None = strawberry.field(
        default=strawberry.UNSET, description="A verified payment card."
    )
    linked_account: LinkedAccountGateInput | None = strawberry.field(
        default=strawberry.UNSET, description="A linked account."
    )
    identity: IdentityGateInput | None = strawberry.field(
        default=strawberry.UNSET, description="A verified identity."
    )
    phone: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: a confirmed phone number."
    )
    region: RegionGateInput | None = strawberry.field(
        default=strawberry.UNSET, description="A place to live."
    )
    membership: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True: a membership that the identity provider vouches for."
    )
