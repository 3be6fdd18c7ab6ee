"""Gates as a truth table, and laws that hold for every gate and every fan."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.entries.backend import rules, wire
from services.entries.subgraph.eligibility_rules import TEXTS, message, preferred_locale
from services.entries.subgraph.eligibility_types import EligibilityCode
from services.kit.locales import LOCALES

NOBODY = rules.Facts()
VISA = {"card": {"brands": ["VISA"]}}
MEMBER = {"membership": True}
PHONE = {"phone": True}
IRELAND = {"region": {"countries": ["IE", "GB"]}}
CITI = {"linked_account": {"providers": ["CITI"]}}
ASU = {"identity": {"tier": "ASU"}}


def gate(tree: Any) -> wire.Gate:
    return msgspec.convert(tree, wire.Gate)


@pytest.mark.parametrize(
    ("tree", "facts", "codes"),
    [
        (VISA, NOBODY, ["CARD_REQUIRED"]),
        (VISA, rules.Facts(cards=frozenset({"AMEX"})), ["CARD_REQUIRED"]),
        (VISA, rules.Facts(cards=frozenset({"AMEX", "VISA"})), []),
        (CITI, NOBODY, ["ACCOUNT_REQUIRED"]),
        (CITI, rules.Facts(accounts=frozenset({"CITI"})), []),
        (ASU, NOBODY, ["IDENTITY_REQUIRED"]),
        (ASU, rules.Facts(tiers=frozenset({"ASU"})), []),
        (PHONE, NOBODY, ["PHONE_UNCONFIRMED"]),
        (PHONE, rules.Facts(phone_verified=True), []),
        ({"phone": False}, NOBODY, []),
        (IRELAND, NOBODY, ["REGION_NOT_SERVED"]),
        (IRELAND, rules.Facts(country="US"), ["REGION_NOT_SERVED"]),
        (IRELAND, rules.Facts(country="IE"), []),
        (MEMBER, NOBODY, ["MEMBERSHIP_REQUIRED"]),
        (MEMBER, rules.Facts(is_member=True), []),
        ({"membership": False}, NOBODY, []),
        ({"all_of": [VISA, PHONE]}, NOBODY, ["CARD_REQUIRED", "PHONE_UNCONFIRMED"]),
        ({"all_of": [VISA, PHONE]}, rules.Facts(phone_verified=True), ["CARD_REQUIRED"]),
        ({"any_of": [VISA, PHONE]}, NOBODY, ["CARD_REQUIRED", "PHONE_UNCONFIRMED"]),
        ({"any_of": [VISA, PHONE]}, rules.Facts(phone_verified=True), []),
        (
            {"all_of": [MEMBER, {"any_of": [VISA, CITI]}]},
            rules.Facts(is_member=True),
            ["CARD_REQUIRED", "ACCOUNT_REQUIRED"],
        ),
        ({"all_of": [PHONE, {"all_of": [PHONE]}]}, NOBODY, ["PHONE_UNCONFIRMED"]),
        ({"all_of": []}, NOBODY, []),
        ({"any_of": []}, NOBODY, []),
    ],
)
def test_gate(tree: Any, facts: rules.Facts, codes: list[str]) -> None:
    assert [reason.code for reason in rules.unmet(gate(tree), facts)] == codes


@pytest.mark.parametrize("tree", [{}, {**VISA, **PHONE}, {"colour": "red"}, {"card": {}}])
def test_what_is_no_gate_is_refused_at_the_wire(tree: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        gate(tree)


LEAVES = st.sampled_from([VISA, MEMBER, PHONE, IRELAND, CITI, ASU])
TREES = st.recursive(
    LEAVES,
    lambda inner: st.sampled_from(["all_of", "any_of"]).flatmap(
        lambda kind: st.lists(inner, min_size=1, max_size=4).map(lambda children: {kind: children})
    ),
    max_leaves=12,
)
FACTS = st.builds(
    rules.Facts,
    phone_verified=st.booleans(),
    country=st.sampled_from([None, "IE", "US"]),
    is_member=st.booleans(),
    accounts=st.sampled_from([frozenset[str](), frozenset({"CITI"})]),
    cards=st.sampled_from([frozenset[str](), frozenset({"VISA"})]),
    tiers=st.sampled_from([frozenset[str](), frozenset({"ASU"})]),
)


def passes(tree: Any, facts: rules.Facts) -> bool:
    """The oracle: plain Boolean logic."""
    if "all_of" in tree:
        return all(passes(child, facts) for child in tree["all_of"])
    if "any_of" in tree:
        return any(passes(child, facts) for child in tree["any_of"])
    return not rules.unmet(gate(tree), facts)


@given(TREES, FACTS)
def test_a_gate_is_boolean_logic_and_a_refusal_always_says_why(tree: Any, facts: rules.Facts) -> None:
    reasons = rules.unmet(gate(tree), facts)
    assert (reasons == []) is passes(tree, facts)
    assert len(set(reasons)) == len(reasons)


def terms(**changes: Any) -> rules.Terms:
    values: dict[str, Any] = {
        "id": "cmp_1",
        "version": 1,
        "team_id": "tea_1",
        "phone_required": False,
        "identity_key": "EMAIL",
        "gate": None,
        "score_min": None,
        "score_max": None,
        "markets": frozenset({"mkt_1", "mkt_2"}),
        "most_tickets": {"mkt_1": 4, "mkt_2": 2},
    }
    return rules.Terms(**{**values, **changes})


@pytest.mark.parametrize(
    ("entry_state", "campaign_state", "phone_required", "codes"),
    [
        (None, "OPEN", False, []),
        (None, "PAUSED", False, ["CAMPAIGN_NOT_OPEN"]),
        (None, "OPEN", True, ["PHONE_UNCONFIRMED"]),
        ("ACCEPTED", "CLOSED", False, []),
        ("ACCEPTED", "CLOSED", True, []),
        ("PENDING_PHONE", "OPEN", True, ["PHONE_UNCONFIRMED"]),
        ("UNDER_REVIEW", "OPEN", False, ["UNDER_REVIEW"]),
        ("INVALIDATED", "CLOSED", False, ["INVALIDATED"]),
        ("WITHDRAWN", "OPEN", False, ["WITHDRAWN"]),
        ("WITHDRAWN", "CLOSED", False, ["CAMPAIGN_NOT_OPEN", "WITHDRAWN"]),
        ("ERASED", "CLOSED", False, ["INVALIDATED"]),
    ],
)
def test_eligibility_by_state(
    entry_state: str | None, campaign_state: str, phone_required: bool, codes: list[str]
) -> None:
    reasons = rules.eligibility(
        terms(phone_required=phone_required), NOBODY, entry_state=entry_state, campaign_state=campaign_state
    )
    assert [reason.code for reason in reasons] == codes


@pytest.mark.parametrize(
    ("score", "codes"),
    [
        (None, ["UNDER_REVIEW"]),
        (0.2, ["SCORE_BELOW_MIN"]),
        (0.3, []),
        (0.5, []),
        (0.8, []),
        (0.81, ["SCORE_ABOVE_MAX"]),
    ],
)
def test_the_score_range_is_inclusive(score: float | None, codes: list[str]) -> None:
    ranged = terms(score_min=0.3, score_max=0.8)
    assert [r.code for r in rules.eligibility(ranged, NOBODY, entry_state="ACCEPTED", score=score)] == codes


@given(st.lists(st.sampled_from(["mkt_1", "mkt_2", "mkt_3", "", "\0"]), max_size=6))
def test_preferences_are_known_markets_none_twice(ranked: list[str]) -> None:
    fine = 0 < len(ranked) == len(set(ranked)) and set(ranked) <= {"mkt_1", "mkt_2"}
    assert (rules.preference_issues(terms(), ranked) == []) is fine


def test_every_code_has_a_text_in_every_language() -> None:
    for texts in TEXTS.values():
        assert set(texts) == {code.name for code in EligibilityCode}
    assert {locale.partition("-")[0] for locale in LOCALES} == set(TEXTS)
    for locale in LOCALES:
        for code in EligibilityCode:
            assert "{" not in message(code.name, ["VISA", "CITI", "IE"], locale)


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "en-US"),
        ("", "en-US"),
        ("fr-CA", "fr-CA"),
        ("fr", "fr-CA"),
        ("fr-FR, en;q=0.9", "fr-CA"),
        ("de, es-mx;q=0.7, en-GB;q=0.3", "es-MX"),
        ("en-IE;q=0.1, en-GB;q=0.8", "en-GB"),
        ("es;q=0, en-GB", "en-GB"),
        ("*", "en-US"),
        (";;;q=,=,\x7f", "en-US"),
        ("fr;q=²", "en-US"),
        ("fr;q=1e9", "en-US"),
    ],
)
def test_accept_language(header: str | None, locale: str) -> None:
    assert preferred_locale(header) == locale
