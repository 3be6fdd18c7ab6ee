"""Deliveries of codes on the wire."""

from typing import Literal

import msgspec

from services.codes.backend.deliveries_rules import Channel
from services.codes.backend.wire import Code, Id, Ids, Key
from services.kit.wire import Moment


class Delivery(msgspec.Struct, frozen=True):
    """A message with a code. `channel` is null until it is known; `at` is when it got into its state."""

    code_id: str
    channel: Channel | None
    state: Literal["QUEUED", "SENDING", "SENT", "FAILED"]
    failure: str | None
    created_at: Moment
    at: Moment


class DeliveryQuestions(msgspec.Struct, frozen=True):
    ids: Ids


class Deliveries(msgspec.Struct, frozen=True):
    """By code, oldest first."""

    deliveries: list[Delivery]


class Resend(msgspec.Struct, frozen=True):
    code_id: Id
    idempotency_key: Key | None = None


class Resent(msgspec.Struct, frozen=True):
    """The code whose message is in line; `replayed`: the key was used before, and nothing was put in line."""

    code: Code
    replayed: bool


class Contact(msgspec.Struct, frozen=True):
    """How the User Service says that a fan is reached. Other members are ignored."""

    id: str
    email: str | None = None
    phone: str | None = None
    locale: str | None = None


class Contacts(msgspec.Struct, frozen=True):
    """Found contacts, in no particular order; users that are unknown or erased are left out."""

    contacts: list[Contact]
