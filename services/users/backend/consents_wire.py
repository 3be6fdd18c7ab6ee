"""The wire format of consents."""

from typing import Literal

import msgspec

from services.kit.wire import Moment
from services.users.backend.wire import IdempotencyKey, Line

Purpose = Literal["MARKETING", "SHARING", "ANALYTICS"]


class Consent(msgspec.Struct):
    """What holds for a user, campaign and purpose, and since when."""

    user_id: str
    campaign_id: str
    purpose: Purpose
    granted: bool
    at: Moment


class Consents(msgspec.Struct):
    """By user, campaign and purpose; where nothing was recorded there is nothing."""

    consents: list[Consent]


class RecordConsent(msgspec.Struct):
    """What a user grants or withdraws."""

    campaign_id: Line
    purpose: Purpose
    granted: bool
    idempotency_key: IdempotencyKey | None = None


class ConsentAnswer(msgspec.Struct):
    consent: Consent
    replayed: bool = False
