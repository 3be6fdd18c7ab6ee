"""The wire format of gates, the same toward callers, in snapshots and in the database."""

from msgspec import Struct


class CardGate(Struct, forbid_unknown_fields=True):
    """A verified card of any of these brands."""

    brands: list[str]


class LinkedAccountGate(Struct, forbid_unknown_fields=True):
    """A linked account at any of these providers."""

    providers: list[str]


class IdentityGate(Struct, forbid_unknown_fields=True):
    """A verified identity of this tier."""

    tier: str


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
