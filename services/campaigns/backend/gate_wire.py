"""The wire format of gates, the same toward callers, in snapshots and in the database."""

from typing import Annotated

from msgspec import Struct

from services.kit.wire import said_to_be_of


class CardGate(Struct, forbid_unknown_fields=True):
    """A verified card of any of these brands."""

    brands: list[Annotated[str, said_to_be_of(("VISA", "MASTERCARD", "AMEX", "DISCOVER"))]]


class LinkedAccountGate(Struct, forbid_unknown_fields=True):
    """A linked account at any of these providers."""

    providers: list[Annotated[str, said_to_be_of(("VERIZON", "CITI"))]]


class IdentityGate(Struct, forbid_unknown_fields=True):
    """A verified identity of this tier."""

    tier: Annotated[str, said_to_be_of(("ASU",))]


class RegionGate(Struct, forbid_unknown_fields=True):
    """Lives in one of these countries."""

    countries: list[str]


class Gate(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """What a fan must fulfil: a tree whose nodes each have exactly one member."""

    all_of: "list[Gate] | None" = None
    any_of: "list[Gate] | None" = None
    card: CardGate | None = None
    linked_account: LinkedAccountGate | None = None
    identity: IdentityGate | None = None
    phone: bool | None = None
    region: RegionGate | None = None
    membership: bool | None = None
