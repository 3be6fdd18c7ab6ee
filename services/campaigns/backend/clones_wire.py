"""The wire format of clones."""

from msgspec import Struct

from services.campaigns.backend.wire import IdempotencyKey


class Clone(Struct):
    """The slug of a copy to make, and by how many calendar days its dates move."""

    slug: str
    shift_days: int = 0
    idempotency_key: IdempotencyKey | None = None
