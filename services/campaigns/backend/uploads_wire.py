"""Uploads on the wire."""

from typing import Literal

import msgspec

from services.campaigns.backend.wire import IdempotencyKey
from services.kit.wire import Moment, Whole

Purpose = Literal["HERO_IMAGE", "CODE_IMPORT", "SCORE_IMPORT"]


class NewUpload(msgspec.Struct, frozen=True):
    """A file that somebody wants to send in, for a campaign or else for a team."""

    purpose: Purpose
    filename: str
    content_type: str
    byte_size: Whole
    team_id: str | None = None
    campaign_id: str | None = None
    idempotency_key: IdempotencyKey | None = None


class Upload(msgspec.Struct, frozen=True):
    """An upload as it is now.

    `file` is the checked file's key under FILES_URL, null unless `state` is READY. `byte_size` is what was announced
    until the file is checked; `content_type` and `sha256` (hex) are the checked file's. `upload_url` takes one PUT
    while `state` is PENDING; `url` serves a checked image to everybody.
    """

    id: str
    purpose: Purpose
    state: Literal["PENDING", "PROCESSING", "READY", "REJECTED", "EXPIRED"]
    team_id: str
    campaign_id: str | None
    owner_id: str
    filename: str
    file: str | None
    byte_size: Whole
    content_type: str | None
    sha256: str | None
    upload_url: str | None
    url: str | None
    failure_code: str | None
    failure: str | None
    created_at: Moment
    link_expires_at: Moment
    expires_at: Moment | None


class UploadIds(msgspec.Struct, frozen=True):
    """Which uploads."""

    ids: list[str]


class Uploads(msgspec.Struct):
    """Found uploads, in no particular order; unknown ids are left out."""

    uploads: list[Upload]


class UploadAnswer(msgspec.Struct, frozen=True):
    """The upload after a call; `replayed` when an earlier call had made it."""

    upload: Upload
    replayed: bool = False
