"""Text messages: templates with known placeholders, and how many parts they take by GSM 03.38."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.backend.sms_rules import sms_issues
from services.campaigns.subgraph.sms_rules import longest, size_of


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", "GSM_7", 0, 1),
        ("a" * 160, "GSM_7", 160, 1),
        ("a" * 161, "GSM_7", 161, 2),
        ("a" * 306, "GSM_7", 306, 2),
        ("a" * 307, "GSM_7", 307, 3),
        ("à" * 160, "GSM_7", 160, 1),
        ("ñ¿¡Ñ@£$¥ΔΦΓ", "GSM_7", 11, 1),
        ("€" * 80, "GSM_7", 160, 1),
        ("€" * 80 + "a", "GSM_7", 161, 2),
        # 152 and a half: an escape is not torn from its letter.
        ("a" * 152 + "€" + "a" * 152, "GSM_7", 306, 3),
        ("[]{}\\~^|", "GSM_7", 16, 1),
        ("ç", "UCS_2", 1, 1),
        ("â" * 70, "UCS_2", 70, 1),
        ("â" * 71, "UCS_2", 71, 2),
        ("â" * 134, "UCS_2", 134, 2),
        ("â" * 135, "UCS_2", 135, 3),
        ("a" * 69 + "’", "UCS_2", 70, 1),
        ("🎟" * 35, "UCS_2", 70, 1),
        ("🎟" * 36, "UCS_2", 72, 2),
        # 66 and a pair: a surrogate pair is not torn apart.
        ("â" * 66 + "🎟" + "â" * 66, "UCS_2", 134, 3),
        ("`", "UCS_2", 1, 1),
        ("\t", "UCS_2", 1, 1),
    ],
)
def test_size(text: str, encoding: str, units: int, segments: int) -> None:
    size = size_of(text)
    assert (size.encoding, size.units, size.segments) == (encoding, units, segments)


@given(st.text(max_size=400))
def test_a_message_fits_into_its_parts(text: str) -> None:
    size = size_of(text)
    alone, each = (160, 153) if size.encoding == "GSM_7" else (70, 67)
    assert size.segments * (alone if size.segments == 1 else each) >= size.units
    assert size.segments == 1 or size.units > alone
    assert size_of(text + "a").segments >= size.segments


def test_the_longest_that_can_become_of_a_template() -> None:
    filled = longest("{code} {event} {campaign}", campaign="Tour", events=["Night", "A long night"])
    assert filled == f"{'X' * 64} A long night Tour"
    assert size_of(longest("{event}", campaign="", events=["x" * 40, "Montréal ’27"])).encoding == "UCS_2"
    assert longest("{event}", campaign="", events=[]) == ""


@pytest.mark.parametrize(
    ("template", "codes"),
    [
        ("Your code for {event}: {code}", []),
        ("{campaign}: {link}", []),
        ("{code}{code}", []),
        ("Your code", ["CODE_MISSING"]),
        ("{event}", ["CODE_MISSING"]),
        ("{code} {name}", ["UNKNOWN_PLACEHOLDER"]),
        ("{code} {Event} {0} {}", ["UNKNOWN_PLACEHOLDER"] * 3),
        ("{code} {event.__class__}", ["UNKNOWN_PLACEHOLDER"]),
        ("{code", ["UNBALANCED"]),
        ("code}", ["UNBALANCED"]),
        ("{{code}}", ["UNBALANCED"]),
        ("{code} }{", ["UNBALANCED"]),
        ("{code {event}", ["UNBALANCED"]),
    ],
)
def test_templates(template: str, codes: list[str]) -> None:
    assert [issue.code for issue in sms_issues(template, ["x"])] == codes
