"""How users are reached, on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta


class UserIds(msgspec.Struct, frozen=True):
    ids: Annotated[list[str], Meta(max_length=1000)]


class Contact(msgspec.Struct, frozen=True):
    """How a user is reached: an address that her issuer confirms, a number that she confirmed, her
    language, and what she calls herself.
    """

    id: str
    email: str | None
    phone: str | None
    locale: str | None
    display_name: str | None


class Contacts(msgspec.Struct, frozen=True):
    """Found contacts, in no particular order."""

    contacts: list[Contact]
