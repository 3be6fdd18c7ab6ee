"""Pictures from strangers: what a file is by its bytes, and the same picture encoded anew, alone. Pure."""

import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageOps

from services.campaigns.backend.uploads_rules import Refused

MOST_PIXELS = 25_000_000
MOST_SIDE = 10_000
_LONGEST_SIDE = 2560
_FORMATS = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp")}
CONTENT_TYPES = {extension: content_type for content_type, extension in _FORMATS.values()}
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A picture that we encoded ourselves: pixels and nothing else."""

    data: bytes
    content_type: str
    extension: str
    width: int
    height: int


def redraw(data: bytes) -> Picture:
    """The picture in `data` (JPEG, PNG or WebP), upright, at most 2,560 pixels long, encoded anew.

    Of the original only the pixels of the first frame are left: no EXIF, no colour profile, no comment. Raises Refused
    for every other kind of file, for what goes on after the picture's end, and for what is too large to unfold.
    """
    kind = _kind(data)
    _check_end(kind, data)
    try:
        with Image.open(io.BytesIO(data), formats=[kind]) as image:
            _check_size(*image.size)
            if getattr(image, "n_frames", 1) > 1:
                raise Refused("ANIMATED", "Moving pictures are not taken. Send one that stands still.")
            return _encode(image, kind)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except Exception as error:
        # Decoders fail in as many ways as files can be broken; each of them means the same to the sender.
        raise _damaged() from error


def _encode(image: Image.Image, kind: str) -> Picture:
    image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
    # `convert` and the copy behind it drop `info`, where metadata lives.
    has_alpha = kind != "JPEG" and ("A" in image.getbands() or "transparency" in image.info)
    upright = ImageOps.exif_transpose(image).convert("RGBA" if has_alpha else "RGB")
    upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    plain = Image.new(upright.mode, upright.size)
    plain.paste(upright)
    buffer = io.BytesIO()
    options = {
        "JPEG": {"quality": 85, "progressive": True},
        "PNG": {"optimize": False},
        "WEBP": {"quality": 85},
    }
    plain.save(buffer, kind, **options[kind])
    content_type, extension = _FORMATS[kind]
    return Picture(buffer.getvalue(), content_type, extension, *plain.size)


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(_PNG):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if b"<svg" in data[:4096].lower():
        raise Refused("SVG", "SVG can hold script and is not taken. Export the picture as PNG or WebP.")
    raise Refused("NOT_AN_IMAGE", "This is no JPEG, PNG or WebP picture, whatever it is called.")


def _check_size(width: int, height: int) -> None:
    if width > MOST_SIDE or height > MOST_SIDE or width * height > MOST_PIXELS:
        raise _too_many_pixels()


def _check_end(kind: str, data: bytes) -> None:
    """A picture ends where its format says; beyond that an archive or a page could hide."""
    try:
        end = {"JPEG": _jpeg_end, "PNG": _png_end, "WEBP": _webp_end}[kind](data)
    except (struct.error, IndexError, ValueError):
        raise _damaged() from None
    if end > len(data):
        raise _damaged()
    if end < len(data):
        message = "There is something after the end of the picture. Export the picture anew and send that."
        raise Refused("TRAILING_DATA", message)


def _damaged() -> Refused:
    return Refused("DAMAGED", "The picture is damaged and cannot be read. Export it anew and send that.")


def _too_many_pixels() -> Refused:
    message = (
        f"A picture has at most {MOST_SIDE:,} pixels a side and {MOST_PIXELS:,} in all. Send a smaller one."
    )
    return Refused("TOO_MANY_PIXELS", message)


def _png_end(data: bytes) -> int:
    place = len(_PNG)
    while True:
        length, name = struct.unpack_from(">I4s", data, place)
        place += 12 + length
        if name == b"IEND":
            return place


def _webp_end(data: bytes) -> int:
    (length,) = struct.unpack_from("<I", data, 4)
    return 8 + length + length % 2


def _jpeg_end(data: bytes) -> int:
    place = 2
    while True:
        place = data.index(b"\xff", place)
        while data[place] == 0xFF:
            place += 1
        marker = data[place]
        place += 1
        if marker == 0xD9:
            return place
        # A stuffed byte, a restart and the like have no length; everything else is skipped whole.
        if marker and marker != 0x01 and not 0xD0 <= marker <= 0xD8:
            (length,) = struct.unpack_from(">H", data, place)
            if length < 2:
                raise ValueError("a segment holds at least its own length")
            place += length
