"""Where this service keeps sealed values."""

from services.kit.sealing import SealedColumn

SEALED = (
    SealedColumn("app_user", "email_sealed", "user.email"),
    SealedColumn("app_user", "name_sealed", "user.name"),
    SealedColumn("app_user", "phone_sealed", "user.phone"),
    SealedColumn("phone_verification", "phone_sealed", "verification.phone"),
    SealedColumn("phone_verification", "message_sealed", "verification.message"),
    SealedColumn("linked_account", "refresh_sealed", "linked_account.refresh"),
    SealedColumn("privacy_request", "file_key_sealed", "archive.key"),
    SealedColumn("outbox", "body", "outbox"),
)
