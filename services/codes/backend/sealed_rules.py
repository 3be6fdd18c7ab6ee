"""Where this service keeps sealed values."""

from services.kit.sealing import SealedColumn

SEALED = (
    SealedColumn("code", "sealed", "code.value"),
    SealedColumn("assignment", "void_reason", "assignment.void_reason"),
    SealedColumn("withdrawn_code", "reason", "assignment.void_reason"),
    SealedColumn("code_import", "sealed", "code_import.file", at_once=4),
    SealedColumn("webhook", "url_sealed", "webhook.url"),
    SealedColumn("webhook", "secret_sealed", "webhook.secret"),
    SealedColumn("webhook", "old_secret_sealed", "webhook.secret"),
    SealedColumn("outbox", "body", "outbox"),
)
