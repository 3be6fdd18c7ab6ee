"""Where this service keeps sealed values."""

from services.kit.sealing import SealedColumn

SEALED = (SealedColumn("outbox", "body", "outbox"),)
