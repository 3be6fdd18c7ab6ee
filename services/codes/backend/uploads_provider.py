"""Files that were sent in: what the Campaign Service says of an upload."""

import msgspec

from services.codes.backend.wire import Pool
from services.kit.errors import Invalid, Issue
from services.kit.upstream import Upstream


class Upload(msgspec.Struct):
    """A file of codes. `file` is its key under FILES_URL, `byte_size` as it lies there."""

    id: str
    purpose: str
    state: str
    team_id: str
    campaign_id: str | None
    file: str | None
    byte_size: int


class _Uploads(msgspec.Struct):
    uploads: list[Upload]


async def read_upload(campaigns: Upstream, upload_id: str, pool: Pool) -> Upload:
    """An upload whose codes may go into this pool. Raises Invalid for any other, Unavailable."""
    answer = await campaigns.call("POST", "/uploads/batch", _Uploads, {"ids": [upload_id]}, idempotent=True)
    [upload] = answer.uploads or [None]
    if upload is None or upload.team_id != pool.team_id or upload.campaign_id not in (None, pool.campaign_id):
        raise _refused("NOT_FOUND", "There is no such upload for this pool's campaign or its team.")
    if upload.purpose != "CODE_IMPORT":
        raise _refused("WRONG_PURPOSE", "This upload is not for codes. Create one with purpose CODE_IMPORT.")
    if upload.state != "READY" or upload.file is None:
        raise _refused("NOT_READY", f"The upload is {upload.state}. Import it when it is READY.")
    return upload


def _refused(code: str, message: str) -> Invalid:
    return Invalid([Issue(["upload_id"], code, message)], message)
