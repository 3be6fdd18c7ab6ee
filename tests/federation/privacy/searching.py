"""A search for what must be nowhere: a person's own words, in every spelling and encoding that a program gives them."""

import base64
import gzip
import hashlib
import html
import io
import json
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus

import phonenumbers
import psycopg

from services import SERVICES
from tests.support.stack import RunningStack

Place = tuple[str, bytes]
"""Where something was found, and what is there."""

_TABLES = """
SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


@dataclass(frozen=True)
class Canary:
    """Something of a person that is unlike anything else in the system: an email, phone, name, code or token."""

    kind: str
    value: str

    def forms(self) -> Iterator[tuple[str, bytes]]:
        """Every way in which it may be written somewhere, with a name for it."""
        for text in dict.fromkeys(self._spellings()):
            for encoding, data in _encodings(text):
                yield f"{self.kind} ({encoding})", data

    def plain(self) -> bytes:
        return self.value.encode()

    def _spellings(self) -> Iterator[str]:
        yield self.value
        if self.kind == "email":
            yield from (self.value.lower(), self.value.upper(), self.value.partition("@")[0].lower())
        elif self.kind == "name":
            for form in ("NFC", "NFD"):
                normal = unicodedata.normalize(form, self.value)
                yield from (normal, normal.lower(), normal.upper())
            yield unicodedata.normalize("NFD", self.value).encode("ascii", "ignore").decode()
        elif self.kind == "code":
            yield from (self.value.lower(), self.value.replace("-", ""), self.value.replace("-", "").lower())
        elif self.kind == "phone":
            number = phonenumbers.parse(self.value)
            yield from (self.value.removeprefix("+"), f"0{number.national_number}")
            for style in (
                phonenumbers.PhoneNumberFormat.INTERNATIONAL,
                phonenumbers.PhoneNumberFormat.NATIONAL,
            ):
                yield phonenumbers.format_number(number, style)
        elif self.kind == "token":
            yield from self.value.split(".")[1:]


def found(canaries: Iterable[Canary], places: Iterable[Place]) -> list[str]:
    """Which canaries are where, each once a place."""
    needles = [form for canary in canaries for form in canary.forms()]
    hits = [f"{where}: {name}" for where, data in places for name, needle in needles if needle in data]
    return [*dict.fromkeys(hits)]


def databases(stack: RunningStack) -> Iterator[Place]:
    """A logical dump of all four databases, table by table, bytes as they are."""
    for service in SERVICES:
        with psycopg.connect(stack.database(service)) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                rows = connection.execute(f"SELECT * FROM {table}".encode())
                yield (
                    f"database {service}, {table}",
                    b"\n".join(_bytes(value) for row in rows for value in row),
                )


def logs(stack: RunningStack) -> Iterator[Place]:
    """What every process has said, PostgreSQL and the router too; traces are lines of it."""
    yield from ((f"log {path.name}", path.read_bytes()) for path in (stack.data_dir / "logs").iterdir())


def files(stack: RunningStack) -> Iterator[Place]:
    """Every file that the services keep (exports, archives, uploads, draws), as it is and unpacked."""
    folder = stack.data_dir / "files"
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for unpacked in _unpacked(path.read_bytes()):
                yield f"file {path.relative_to(folder)}", unpacked


def disk(stack: RunningStack) -> Iterator[Place]:
    """PostgreSQL's data directory: tables, indexes and the write-ahead log, also of rows that are long gone."""
    with psycopg.connect(stack.database("users")) as connection:
        [folder] = connection.execute("SHOW data_directory").fetchone() or [""]
    for part in ("base", "pg_wal"):
        for path in sorted((Path(folder) / part).rglob("*")):
            try:
                yield f"disk {path.relative_to(folder)}", path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:  # a segment or a temporary table went meanwhile
                continue


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str).encode()
    return str(value).encode()


def _unpacked(data: bytes) -> Iterator[bytes]:
    yield data
    if data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _encodings(text: str) -> Iterator[tuple[str, bytes]]:
    data = text.encode()
    yield "plain", data
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "URL", quote(text, safe="").encode()
    yield "form", quote_plus(text).encode()
    yield "HTML", html.escape(text).encode()
    yield "UTF-16", text.encode("utf-16-le")
    yield "hex", data.hex().encode()
    yield "hex", data.hex().upper().encode()
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + data)
        inner = whole[(0, 2, 3)[shift] : (shift + len(data)) * 8 // 6]
        yield "base64", inner
        yield "base64", inner.translate(bytes.maketrans(b"+/", b"-_"))
    for hash_ in (hashlib.md5, hashlib.sha1, hashlib.sha256):
        yield "hash without a key", hash_(data).digest()
        yield "hash without a key", hash_(data).hexdigest().encode()
