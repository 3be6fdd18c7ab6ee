"""The wire format of clones."""

from msgspec import Struct

from services.campaigns.backend.wire import IdempotencyKey
from services.kit.wire import Whole


class Clone(Struct):
    """The slug of a copy to make, and by how many calendar days its dates move."""

    slug: str
    shift_days: Whole = 0
    idempotency_key: IdempotencyKey | None = None
