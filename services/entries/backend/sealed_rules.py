"""Where this service keeps sealed values."""

from services.kit.sealing import SealedColumn

SEALED = (
    SealedColumn("wave", "seed_sealed", "wave.seed"),
    SealedColumn("outbox", "body", "outbox"),
    SealedColumn("review", "note_sealed", "review.note"),
    SealedColumn("review", "appeal_sealed", "review.appeal"),
    SealedColumn("export_job", "key_sealed", "export_job.key"),
)
