"""What may be sent in: sizes, names, and what a text file must look like. Pure: bytes in, verdict out."""

import codecs
import re
import unicodedata
from dataclasses import dataclass

from services.campaigns.backend.uploads_wire import NewUpload
from services.kit.errors import DomainError, Invalid, Issue

_MIB = 1024 * 1024
_IMAGES = ("image/jpeg", "image/png", "image/webp")
_TABLES = (
    "text/csv", "text/plain", "application/csv", "application/vnd.ms-excel",
    "application/gzip", "application/x-gzip", "application/zstd",
)  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What a purpose takes: at most `most_bytes`, announced as one of `content_types`."""

    most_bytes: int
    content_types: tuple[str, ...]


TERMS = {
    "HERO_IMAGE": Terms(10 * _MIB, _IMAGES),
    "CODE_IMPORT": Terms(128 * _MIB, _TABLES),
    "SCORE_IMPORT": Terms(128 * _MIB, _TABLES),
}
MOST_BYTES = max(terms.most_bytes for terms in TERMS.values())

_COMPRESSED = {
    b"\x1f\x8b\x08": ("application/gzip", "csv.gz"),
    b"\x28\xb5\x2f\xfd": ("application/zstd", "csv.zst"),
}
_UNSHOWABLE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MOST_FILENAME = 255


class Refused(DomainError):
    """What arrived is not what the purpose takes; `code` is stable, the message is for whoever sent it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check_new_upload(new: NewUpload) -> None:
    """Raises Invalid."""
    terms = TERMS[new.purpose]
    issues: list[Issue] = []
    if (new.team_id is None) == (new.campaign_id is None):
        issues.append(Issue(["campaign_id"], "NOT_ONE", "Say either which campaign or which team it is for."))
    if not 0 < len(new.filename) <= _MOST_FILENAME or any(_is_unfit(c) for c in new.filename):
        message = f"A filename has 1 to {_MOST_FILENAME} characters and no slashes."
        issues.append(Issue(["filename"], "MALFORMED", message))
    if new.content_type.partition(";")[0].strip().lower() not in terms.content_types:
        message = f"For this purpose send one of {', '.join(terms.content_types)}."
        issues.append(Issue(["content_type"], "UNSUPPORTED", message))
    if not 0 < new.byte_size <= terms.most_bytes:
        message = f"For this purpose a file has 1 to {terms.most_bytes:,} bytes."
        issues.append(Issue(["byte_size"], "OUT_OF_RANGE", message))
    if issues:
        raise Invalid(issues)


class TextCheck:
    """Looks a table of text through, piece by piece: UTF-8 without control characters, or compressed.

    What is compressed is taken as it is: whoever imports it reads it with bounds of its own. After the first piece
    `content_type` and `extension` say what it is.
    """

    def __init__(self) -> None:
        self.content_type, self.extension = "text/csv", "csv"
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False

    def take(self, piece: bytes) -> None:
        """The next piece; the first has at least four bytes unless the file is shorter. Raises Refused."""
        if not self._begun:
            self._begin(piece)
        if self._decoder is None:
            return
        if _UNSHOWABLE.search(piece):
            raise _not_text()
        self._decode(piece, final=False)

    def finish(self) -> None:
        """The end of the file. Raises Refused."""
        if not self._begun:
            raise Refused("EMPTY", "The file is empty.")
        self._decode(b"", final=True)

    def _begin(self, piece: bytes) -> None:
        self._begun = True
        if piece.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Refused("NOT_UTF8", "The file is in UTF-16. Save it as CSV UTF-8.")
        if piece.startswith(b"PK\x03\x04"):
            raise Refused("NOT_TEXT", "This is a workbook or a zip archive. Save the table as CSV UTF-8.")
        for magic, (content_type, extension) in _COMPRESSED.items():
            if piece.startswith(magic):
                self.content_type, self.extension = content_type, extension
                return
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def _decode(self, piece: bytes, *, final: bool) -> None:
        try:
            if self._decoder is not None:
                self._decoder.decode(piece, final)
        except UnicodeDecodeError:
            raise Refused("NOT_UTF8", "The file is not in UTF-8. Save it as CSV UTF-8.") from None


def _not_text() -> Refused:
    return Refused("NOT_TEXT", "The file holds characters that no table of text has. Save it as CSV UTF-8.")


def _is_unfit(character: str) -> bool:
    return character in "/\\" or unicodedata.category(character) in ("Cc", "Cf", "Cs")
