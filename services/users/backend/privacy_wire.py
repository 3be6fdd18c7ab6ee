"""Privacy requests on the wire."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Kind = Literal["ACCESS", "ERASURE"]


class NewPrivacyRequest(msgspec.Struct, frozen=True):
    """What the actor asks for, and in which language an archive's page is to be."""

    kind: Kind
    locale: str | None = None
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class PrivacyReceipt(msgspec.Struct, frozen=True):
    """What one service did; the rest is null until it has."""

    service: str
    state: str
    record_count: int | None
    digest: str | None
    at: datetime | None


class PrivacyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is now. What describes a file is there once it succeeded, `download_url` until it expires."""

    id: str
    user_id: str
    kind: str
    state: str
    progress: float
    receipts: list[PrivacyReceipt]
    download_url: str | None
    byte_size: int | None
    sha256: str | None
    expires_at: datetime | None
    failure: str | None
    created_at: datetime
    due_at: datetime
    finished_at: datetime | None


class PrivacyAnswer(msgspec.Struct, frozen=True):
    """The request after a call; `replayed` when one was under way already."""

    request: PrivacyRequest
    replayed: bool = False


class PrivacyRequestIds(msgspec.Struct):
    ids: Annotated[list[str], msgspec.Meta(max_length=100)]


class PrivacyRequests(msgspec.Struct):
    """The actor's own, newest first; what is unknown or another's is left out."""

    requests: list[PrivacyRequest]
