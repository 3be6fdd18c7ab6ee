"""How files of scores are read, whatever is in them and however they come in pieces."""

import gzip
from collections.abc import Callable
from itertools import pairwise

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from services.entries.backend import score_imports_rules as rules
from services.entries.backend.score_imports_rules import Line, Unreadable

Pack = Callable[[bytes], bytes]
PACKS: list[Pack] = [bytes, gzip.compress, zstandard.compress]
COLUMNS = rules.columns_of("entry_id,score,reasons")


def lines_of(pieces: list[bytes]) -> list[str]:
    text = rules.Text()
    return [line for piece in pieces for line in text.feed(piece)] + [*text.finish()]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("ent_1,0.5,", Line(2, "ent_1", 0.5)),
        ("ent_1,0,A B_2\r", Line(2, "ent_1", 0.0, ("A", "B_2"))),
        (' ent_1 ,"1", A A', Line(2, "ent_1", 1.0, ("A",))),
        ("ent_1,1e-3,", Line(2, "ent_1", 0.001)),
        ("ent_1,.5,", Line(2, "ent_1", 0.5)),
        ("  ", Line(2, problem="EMPTY")),
        ('ent_1,"0.5,', Line(2, problem="BAD_QUOTES")),
        ("ent_1,0.5", Line(2, problem="COLUMNS")),
        (",0.5,", Line(2, problem="BAD_SUBJECT")),
        ("e\x1b,0.5,", Line(2, problem="BAD_SUBJECT")),
        *(
            (f"ent_1,{bad},", Line(2, problem="BAD_SCORE"))
            for bad in ("", "1.01", "-0.1", "nan", "0x1", "e3", ".", "½")
        ),
        ("ent_1,0.5,bot?", Line(2, problem="BAD_REASON")),
        (f"ent_1,0.5,{' '.join(f'A{n}' for n in range(21))}", Line(2, problem="BAD_REASON")),
    ],
)
def test_a_line(raw: str, line: Line) -> None:
    assert rules.read_line(COLUMNS, 2, raw) == line


@pytest.mark.parametrize(
    "first",
    [
        "",
        "ent_1,0.5",
        "entry_id",
        "score",
        "entry_id,user_id,score",
        "score,score,entry_id",
        "entry_id,score,email",
    ],
)
def test_a_file_says_what_its_columns_are(first: str) -> None:
    with pytest.raises(Unreadable, match="name the columns"):
        rules.columns_of(first)


def test_columns_come_in_any_order_and_case() -> None:
    assert rules.columns_of(" Score ,GLOBAL_USER_ID\r") == rules.Columns(2, "global_user_id", 1, 0, None)


@given(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=200),
    st.lists(st.integers(0, 300), max_size=5),
    st.sampled_from(PACKS),
)
def test_lines_are_the_same_in_whatever_pieces_they_come(text: str, places: list[int], pack: Pack) -> None:
    found = lines_of(cut(pack(text.encode()), places))
    expected = text.removeprefix("\ufeff").split("\n")
    assert found == (expected if expected[-1] else expected[:-1])


@pytest.mark.parametrize("pack", PACKS[1:])
def test_files_that_were_compressed_one_by_one_and_joined(pack: Pack) -> None:
    assert lines_of([pack(b"a\nb") + pack(b"c\nd")]) == ["a", "bc", "d"]


def test_a_piece_of_zstd_is_unpacked_in_bounds() -> None:
    bomb = zstandard.compress(b"0" * (256 << 20))
    assert len(bomb) < 32_000
    pieces = rules._Zstd().feed(bomb)  # pyright: ignore[reportPrivateUsage]
    assert max(map(len, pieces)) <= 16 << 20


@given(st.text(max_size=100))
def test_any_text_is_a_line_or_a_problem(raw: str) -> None:
    line = rules.read_line(COLUMNS, 7, raw)
    assert line.problem in rules.MESSAGES or (0 <= line.value <= 1 and line.subject)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,b\n\xff\xfe", "UTF-8"),
        (b"a" * 10_001, "10,000 characters"),
        (gzip.compress(b"a,b\n")[:-4], "cut off"),
        (b"\x1f\x8b" + b"nonsense", "damaged"),
        (zstandard.compress(b"a,b\n")[:-4], "cut off"),
        (b"\x28\xb5\x2f\xfd" + b"nonsense", "damaged"),
        (gzip.compress(b"0123456\n" * 2000), "gibibyte"),
        (zstandard.compress(b"0123456\n" * 2000), "gibibyte"),
    ],
    ids=[
        "not UTF-8",
        "a line without end",
        "cut off",
        "damaged",
        "cut off, zstd",
        "damaged, zstd",
        "a bomb",
        "a bomb, zstd",
    ],
)
def test_what_cannot_be_read_is_said(monkeypatch: pytest.MonkeyPatch, data: bytes, message: str) -> None:
    monkeypatch.setattr(rules, "MOST_BYTES", 10_500)
    with pytest.raises(Unreadable, match=message):
        lines_of([data])
