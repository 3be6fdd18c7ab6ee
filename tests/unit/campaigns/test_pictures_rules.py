"""Pictures from strangers: only pixels come through, and only of what is a picture and nothing else."""

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from services.campaigns.backend.pictures_rules import redraw
from services.campaigns.backend.uploads_rules import Refused
from tests.unit.campaigns.uploading import picture

SECRET = b"GPS-and-owner-of-the-camera"
KINDS = ("JPEG", "PNG", "WEBP")


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zip_:
        zip_.writestr("payload.js", "alert(1)")
    return buffer.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels, and brings none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    packed = [struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def with_comment(jpeg: bytes, comment: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + jpeg[2:]


MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "L", "RGBA", "LA", "P", "1", "I;16"),
    "WEBP": ("RGB", "RGBA"),
}


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
def test_every_kind_of_picture_comes_out_as_itself(kind: str, mode: str) -> None:
    made = redraw(picture(kind, (60, 40), mode))
    assert (made.content_type, made.width, made.height) == (f"image/{kind.lower()}", 60, 40)
    with Image.open(io.BytesIO(made.data)) as image:
        assert (image.format, image.size) == (kind, (60, 40))


def test_the_same_bytes_make_the_same_picture() -> None:
    assert redraw(picture()).data == redraw(picture()).data


def test_transparency_stays() -> None:
    image = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    with Image.open(io.BytesIO(redraw(buffer.getvalue()).data)) as drawn:
        assert drawn.convert("RGBA").getpixel((0, 0)) == (255, 0, 0, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_no_metadata_comes_through(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = exif[0x8298] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    text = PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    options: dict[str, Any] = {
        "PNG": {"pnginfo": text},
        "WEBP": {"xmp": SECRET},
        "JPEG": {"comment": SECRET, "xmp": SECRET},
    }[kind]
    original = picture(kind, exif=exif.tobytes(), icc_profile=b"profile " + SECRET, **options)
    assert SECRET in original
    made = redraw(original).data
    assert SECRET not in made
    with Image.open(io.BytesIO(made)) as image:
        assert not image.getexif()
        assert not {"exif", "icc_profile", "xmp", "comment", "Comment"} & set(image.info)


def test_what_the_camera_held_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = redraw(picture("JPEG", (60, 40), exif=exif.tobytes()))
    assert (made.width, made.height) == (40, 60)


def test_what_is_large_is_made_smaller() -> None:
    made = redraw(picture("JPEG", (5000, 1000)))
    assert (made.width, made.height) == (2560, 512)


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "NOT_AN_IMAGE"),
    "text": (lambda: b"hello", "NOT_AN_IMAGE"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "SVG"),
    "svg behind a prologue": (lambda: b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<SVG/>", "SVG"),
    "html": (lambda: b"<!doctype html><script>alert(1)</script>", "NOT_AN_IMAGE"),
    "gif": (lambda: picture("GIF"), "NOT_AN_IMAGE"),
    "bmp": (lambda: picture("BMP"), "NOT_AN_IMAGE"),
    "tiff": (lambda: picture("TIFF"), "NOT_AN_IMAGE"),
    "pdf": (lambda: picture("PDF"), "NOT_AN_IMAGE"),
    "zip": (archive, "NOT_AN_IMAGE"),
    "jpeg and zip": (lambda: picture() + archive(), "TRAILING_DATA"),
    "png and page": (lambda: picture("PNG") + b"<script>alert(1)</script>", "TRAILING_DATA"),
    "webp and one byte": (lambda: picture("WEBP") + b"\n", "TRAILING_DATA"),
    "two jpegs": (lambda: picture() + picture(), "TRAILING_DATA"),
    "only a jpeg's first bytes": (lambda: b"\xff\xd8\xff", "DAMAGED"),
    "a segment shorter than its length": (lambda: b"\xff\xd8\xff\xe0\x00\x01" + picture()[2:], "DAMAGED"),
    "only png's": (lambda: b"\x89PNG\r\n\x1a\n", "DAMAGED"),
    "only webp's": (lambda: b"RIFF\x04\x00\x00\x00WEBP", "DAMAGED"),
    "half a picture": (lambda: picture("JPEG", (500, 500))[:-600], "DAMAGED"),
    "wrong checksum": (lambda: picture("PNG").replace(b"IHDR\0\0", b"IHDR\0\1", 1), "DAMAGED"),
    "long": (lambda: png_of(10_001, 1), "TOO_MANY_PIXELS"),
    "large": (lambda: png_of(5_001, 5_000), "TOO_MANY_PIXELS"),
    "a bomb": (lambda: png_of(60_000, 60_000), "TOO_MANY_PIXELS"),
    "moving": (
        lambda: picture("WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")]),
        "ANIMATED",
    ),
    "moving png": (
        lambda: picture("PNG", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")]),
        "ANIMATED",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_one_whole_picture_is_refused(name: str) -> None:
    make, code = BAD[name]
    with pytest.raises(Refused) as refused:
        redraw(make())
    assert refused.value.code == code


def test_what_hides_inside_a_picture_does_not_come_out() -> None:
    made = redraw(with_comment(picture(), b"%PDF-1.4 <script>alert(1)</script> " + archive())).data
    assert not any(hidden in made for hidden in (b"%PDF", b"<script", b"PK\x03\x04"))


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_a_broken_picture_is_refused_or_drawn_and_nothing_else(data: st.DataObject, kind: str) -> None:
    original = bytearray(picture(kind, (16, 16)))
    for _ in range(data.draw(st.integers(1, 8))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refused):
        assert redraw(bytes(original)).data


@given(length=st.integers(0, 400), kind=st.sampled_from(KINDS))
def test_a_picture_cut_short_is_refused(length: int, kind: str) -> None:
    whole = picture(kind, (16, 16))
    with pytest.raises(Refused):
        redraw(whole[: min(length, len(whole) - 1)])
