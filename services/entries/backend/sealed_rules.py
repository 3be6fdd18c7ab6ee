"""Where this service keeps sealed values."""

from services.kit.sealing import SealedColumn

SEALED = (SealedColumn("wave", "seed_sealed", "wave.seed"), SealedColumn("outbox", "body", "outbox"))
