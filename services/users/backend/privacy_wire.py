"""Privacy requests on the wire."""

from typing import Annotated, Literal

import msgspec

from services.kit.wire import JobState, Moment, Whole

Kind = Literal["ACCESS", "ERASURE"]


class NewPrivacyRequest(msgspec.Struct, frozen=True):
    """What the actor asks for, and in which language an archive's page is to be."""

    kind: Kind
    locale: str | None = None
    idempotency_key: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class PrivacyReceipt(msgspec.Struct, frozen=True):
    """What one service did; the rest is null until it has."""

    service: str
    state: JobState
    record_count: Whole | None
    digest: str | None
    at: Moment | None


class PrivacyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it is now. What describes a file is there once it succeeded, `download_url` until it expires."""

    id: str
    user_id: str
    kind: Kind
    state: JobState
    progress: float
    receipts: list[PrivacyReceipt]
    download_url: str | None
    byte_size: int | None
    sha256: str | None
    expires_at: Moment | None
    failure: str | None
    created_at: Moment
    due_at: Moment
    finished_at: Moment | None


class PrivacyAnswer(msgspec.Struct, frozen=True):
    """The request after a call; `replayed` when one was under way already."""

    request: PrivacyRequest
    replayed: bool = False


class PrivacyRequestIds(msgspec.Struct):
    ids: Annotated[list[str], msgspec.Meta(max_length=100)]


class PrivacyRequests(msgspec.Struct):
    """The actor's own, newest first; what is unknown or another's is left out."""

    requests: list[PrivacyRequest]
