"""What a code looks like, and how a file of codes is read, line by line."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.codes.backend import rules
from services.kit.errors import Invalid

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABCD-1234\nEFGH-5678\n", ["ABCD-1234", "EFGH-5678"]),
        ("code\nABCD-1234\n", ["ABCD-1234"]),
        ('"Code"\r\nABCD-1234\r\n', ["ABCD-1234"]),
        ("\ufeffcode\r\nABCD-1234", ["ABCD-1234"]),
        ("ABCD-1234\rEFGH-5678\r", ["ABCD-1234", "EFGH-5678"]),
        ('"ABCD-1234"\n', ["ABCD-1234"]),
        ("  ABCD-1234  \n", ["ABCD-1234"]),
        ("ABCD-1234,\n", ["ABCD-1234"]),
        ("ABCD-1234\n\n\n", ["ABCD-1234"]),
        ("ABCD-1234\n\nEFGH-5678\n", ["ABCD-1234", "EMPTY", "EFGH-5678"]),
        ('""\nABCD-1234', ["EMPTY", "ABCD-1234"]),
        ("abc12\nABCD-1234", ["TOO_SHORT", "ABCD-1234"]),
        ("------\nABCD-1234", ["TOO_SHORT", "ABCD-1234"]),
        ("A" * 64, ["A" * 64]),
        ("A" * 65, ["TOO_LONG"]),
        ("A" * 1_000_000, ["TOO_LONG"]),
        ('"' + "A," * 500_000, ["TOO_LONG"]),
        ("ABCD 1234\nABCD!234\nÀBCD1234", ["BAD_CHARACTER"] * 3),
        ("=SUM(A1:A9)", ["BAD_CHARACTER"]),
        ('"ABCD-1234\nEFGH-5678', ["BAD_QUOTES", "EFGH-5678"]),
        ("ABCD-1234,note\n", ["EXTRA_COLUMN"]),
        ("ABCD-1234\nABCD-1234\nabcd1234", ["ABCD-1234", "DUPLICATE_IN_FILE", "DUPLICATE_IN_FILE"]),
        ("ABCD-1234\ncode", ["ABCD-1234", "TOO_SHORT"]),
    ],
)
def test_each_line_is_a_code_or_a_problem(text: str, expected: list[str]) -> None:
    rules.check_file(text)
    assert [line.problem or line.code for line in rules.read_file(text)] == expected


def test_line_numbers_are_those_of_an_editor() -> None:
    text = "\ufeffcode\r\nABCD-1234\r\n\r\nbad!\r\nEFGH-5678\r\n"
    assert [(line.number, line.problem) for line in rules.read_file(text)] == [
        (2, None),
        (3, "EMPTY"),
        (4, "BAD_CHARACTER"),
        (5, None),
    ]


@pytest.mark.parametrize(
    "text", ["", "\n\n  \n", "\ufeff", "ABCD\x001234", "PK\x03\x04", "\ufffdABCD1234", "GIF89a\x1a"]
)
def test_what_is_no_file_of_codes_is_refused_whole(text: str) -> None:
    with pytest.raises(Invalid):
        rules.check_file(text)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        lines = rules.check_file(text)
    except Invalid:
        return
    read = list(rules.read_file(text))
    assert all(line.problem is None or line.problem in rules.MESSAGES for line in read)
    assert lines - 1 <= len(read) <= lines


def test_generated_codes_differ_and_have_no_look_alikes() -> None:
    codes = {rules.generate(secrets.token_bytes(rules.ENTROPY)) for _ in range(2000)}
    assert len(codes) == 2000
    assert set("".join(codes)) == set(ALPHABET) | {"-"}
    assert all(
        rules.is_generated(code) and [len(part) for part in code.split("-")] == [6, 6, 6] for code in codes
    )


@given(
    st.binary(min_size=rules.ENTROPY, max_size=rules.ENTROPY), st.integers(0, 17), st.sampled_from(ALPHABET)
)
def test_one_wrong_character_never_fits(entropy: bytes, place: int, other: str) -> None:
    text = rules.key_of(rules.generate(entropy))
    assert rules.is_generated(text[:place] + other + text[place + 1 :]) is (text[place] == other)


@given(st.binary(min_size=rules.ENTROPY, max_size=rules.ENTROPY), st.integers(0, 15))
def test_two_swapped_neighbours_never_fit(entropy: bytes, place: int) -> None:
    text = rules.key_of(rules.generate(entropy))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    assert rules.is_generated(swapped) is (text == swapped)


@given(st.from_regex(r"[A-Za-z0-9]{6,64}", fullmatch=True))
def test_a_masked_code_shows_a_quarter_and_four_characters_at_most(code: str) -> None:
    head, tail = rules.mask(code).split("••••")
    assert len(head + tail) == min(4, len(code) // 4)
    assert code.startswith(head)
    assert code.endswith(tail)


def test_spellings_of_one_code_have_one_key() -> None:
    assert {rules.key_of(code) for code in ("AB-cd.12_34", "ABCD1234", "abcd-1234")} == {"ABCD1234"}
