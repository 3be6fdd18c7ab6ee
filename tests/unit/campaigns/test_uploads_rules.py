"""Tables of text from strangers: UTF-8, or compressed, and nothing binary."""

import gzip
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.backend.uploads_rules import Refused, TextCheck

TABLE = "code,note\r\nABC-123,\tgrüße 🎟\r\n".encode()


def look_through(data: bytes, size: int = 7) -> TextCheck:
    check = TextCheck()
    for piece in pieces(data, size):
        check.take(piece)
    check.finish()
    return check


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    first = max(size, 4)
    if data:
        yield data[:first]
    for start in range(first, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
def test_text_is_taken_however_it_comes_apart(size: int) -> None:
    assert look_through(TABLE, size).content_type == "text/csv"
    assert look_through(b"\xef\xbb\xbf" + TABLE, size).content_type == "text/csv"


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (gzip.compress(TABLE, mtime=0), "application/gzip"),
        (b"\x28\xb5\x2f\xfd\x00\xff\x00", "application/zstd"),
    ],
)
def test_what_is_compressed_is_known_by_its_first_bytes(data: bytes, content_type: str) -> None:
    assert look_through(data).content_type == content_type


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "EMPTY"),
        (b"PK\x03\x04workbook", "NOT_TEXT"),
        (b"\x7fELF\x02\x01", "NOT_TEXT"),
        (b"a,b\n\x00", "NOT_TEXT"),
        (b"a,b\n\x1b[31m", "NOT_TEXT"),
        (TABLE.decode().encode("utf-16"), "NOT_UTF8"),
        ("grüße\n".encode("latin-1"), "NOT_UTF8"),
        (b"cut short \xf0\x9f", "NOT_UTF8"),
        (b"overlong \xc0\xaf", "NOT_UTF8"),
        (b"surrogate \xed\xa0\x80", "NOT_UTF8"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        look_through(data)
    assert refused.value.code == code


@given(st.binary(max_size=60), st.integers(1, 9))
def test_pieces_do_not_matter(data: bytes, size: int) -> None:
    def verdict(size: int) -> str:
        try:
            return look_through(data, size).content_type
        except Refused as refused:
            return "refused" if data else refused.code

    assert verdict(size) == verdict(len(data) or 1)
