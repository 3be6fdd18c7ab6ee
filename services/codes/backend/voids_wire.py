"""Voiding and replacing codes, on the wire."""

from typing import Annotated

import msgspec
from msgspec import Meta

from services.codes.backend.voids_rules import LONGEST_REASON
from services.codes.backend.wire import Code, Key

Reason = Annotated[str, Meta(min_length=1, max_length=LONGEST_REASON, pattern=r"^[^\x00]*\S[^\x00]*$")]


class Void(msgspec.Struct, frozen=True):
    """Why a code is withdrawn; kept sealed."""

    reason: Reason


class Voided(msgspec.Struct, frozen=True):
    """The code as it is now; `replayed`: it was voided before, and nothing changed."""

    code: Code
    replayed: bool


class Reissue(msgspec.Struct, frozen=True):
    """Why the owner of a code gets another one; kept sealed."""

    reason: Reason
    idempotency_key: Key | None = None


class Reissued(msgspec.Struct, frozen=True):
    """The new code; `replayed`: the idempotency key was used before, and nothing changed."""

    code: Code
    replayed: bool
