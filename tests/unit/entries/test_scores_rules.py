"""What a score is made of."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.entries.backend import scores_rules as rules
from services.entries.backend.scores_store import disposable_domains
from services.entries.subgraph.origins_rules import origin
from services.entries.subgraph.scores_types import ScoreReason, ScoreReasonCode

NOBODY = rules.Signals(
    account_days=0,
    phone_confirmed=False,
    phone_shared=False,
    redeemed_before=False,
    disposable_email=False,
    from_network=1,
    from_device=1,
)
ANYBODY = st.builds(
    rules.Signals,
    account_days=st.floats(0, 5000),
    phone_confirmed=st.booleans(),
    phone_shared=st.booleans(),
    redeemed_before=st.booleans(),
    disposable_email=st.booleans(),
    from_network=st.none() | st.integers(1, 200),
    from_device=st.none() | st.integers(1, 200),
    before=st.sets(st.sampled_from(rules.VELOCITY)),
)


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, ()),
        ({"account_days": 29.9}, ()),
        ({"account_days": 30}, ("ACCOUNT_KNOWN",)),
        ({"account_days": 365}, ("ACCOUNT_ESTABLISHED",)),
        ({"phone_confirmed": True, "phone_shared": True}, ("PHONE_CONFIRMED", "PHONE_SHARED")),
        ({"redeemed_before": True}, ("CODE_REDEEMED_BEFORE",)),
        ({"disposable_email": True}, ("EMAIL_DISPOSABLE",)),
        ({"from_network": rules.NETWORK_BUSY}, ()),
        ({"from_network": rules.NETWORK_BUSY + 1}, ("NETWORK_BUSY",)),
        ({"from_device": rules.DEVICE_BUSY}, ()),
        ({"from_device": rules.DEVICE_BUSY + 1}, ("DEVICE_BUSY",)),
        ({"from_network": None, "from_device": None, "before": ("DEVICE_BUSY",)}, ("DEVICE_BUSY",)),
    ],
)
def test_each_reason(changes: dict[str, Any], reasons: tuple[str, ...]) -> None:
    score = rules.score(replace(NOBODY, **changes))
    assert score.reasons == reasons
    assert round(score.value * 100) == rules.START + sum(rules.POINTS[code] for code in reasons)


@given(ANYBODY)
def test_a_score_is_within_its_scale_and_every_reason_is_known(signals: rules.Signals) -> None:
    score = rules.score(signals)
    assert 0 <= score.value <= 1
    assert {ScoreReason.of(code, "BUILT_IN").code for code in score.reasons} <= set(ScoreReasonCode)


@given(ANYBODY)
def test_confirming_a_phone_never_costs_and_a_throwaway_mailbox_never_pays(signals: rules.Signals) -> None:
    def value(**changes: bool) -> float:
        return rules.score(replace(signals, **changes)).value

    assert value(phone_confirmed=True) >= value(phone_confirmed=False)
    assert value(disposable_email=True) <= value(disposable_email=False)


@pytest.mark.parametrize(
    ("email", "disposable"),
    [
        ("ann@mailinator.com", True),
        ("ann@Sub.Mailinator.COM", True),
        ("ann@mailinator.com.", True),
        ("ann@example.com", False),
        ("mailinator.com@example.com", False),
        ("ann@notmailinator.com.example", False),
        ("ann@com", False),
        (None, False),
    ],
)
def test_mailboxes_to_throw_away(email: str | None, disposable: bool) -> None:
    assert rules.is_disposable(email, disposable_domains()) is disposable


def test_a_network_is_the_front_of_an_address_and_a_browser_counts_within_it() -> None:
    here, browser = origin("203.0.113.7", "Safari")
    assert (here, browser) == origin("203.0.113.250", "Safari") == origin("::ffff:203.0.113.9", "Safari")
    assert origin("203.0.114.7", "Safari")[0] != here
    assert origin("203.0.113.7", "Firefox") == (here, origin("203.0.113.8", "Firefox")[1])
    assert origin("203.0.113.7", "Firefox")[1] != browser != origin("203.0.114.7", "Safari")[1]
    assert origin("2001:db8:1:2::3", None) == origin("2001:db8:1:ffff::1", None)
    assert origin("2001:db8:1::", None) != origin("2001:db8:2::", None)
    assert origin("unknown", "Safari") == origin(None, "Safari") == (None, None)
