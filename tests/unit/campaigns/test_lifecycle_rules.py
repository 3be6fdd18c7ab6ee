"""What can follow what, what can be changed when, and when a campaign can work: the tables, without a database."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from services.campaigns.backend import rules, wire
from services.campaigns.backend.rules import Part
from services.campaigns.backend.wire import State
from services.campaigns.subgraph.types import CampaignState
from services.kit.errors import Invalid

LEGAL = """
    DRAFT SCHEDULED, DRAFT OPEN, DRAFT CANCELLED
    SCHEDULED OPEN, SCHEDULED DRAFT, SCHEDULED CANCELLED
    OPEN PAUSED, OPEN CLOSED, OPEN CANCELLED
    PAUSED OPEN, PAUSED CLOSED, PAUSED CANCELLED
    CLOSED SELECTING, SELECTING FINISHED, FINISHED ARCHIVED, CANCELLED ARCHIVED
"""
README = Path(rules.__file__).parents[1] / "README.md"
STEPS = {tuple(step.split()) for line in LEGAL.split("\n") for step in line.split(",") if step.strip()}


@pytest.mark.parametrize("to", State)
@pytest.mark.parametrize("before", State)
def test_a_step_is_legal_exactly_if_the_table_says_so(before: State, to: State) -> None:
    assert (before in rules.sources(to)) == ((before, to) in STEPS)


def test_nothing_leads_back_from_closed() -> None:
    reachable, todo = set[State](), {State.CLOSED}
    while todo:
        reachable |= (todo := {to for state in todo for to in rules.TRANSITIONS[state]} - reachable)
    assert reachable == {State.SELECTING, State.FINISHED, State.ARCHIVED}


def test_the_graph_and_the_service_know_the_same_states() -> None:
    assert [state.value for state in CampaignState] == list(State)


def test_the_readme_prints_the_table() -> None:
    rows = re.findall(r"^\| `([A-Z]+)` \|(.*)\|$", README.read_text(), re.MULTILINE)
    printed = {
        (before, to)
        for before, cells in rows
        for to, cell in zip(State, cells.split("|"), strict=True)
        if cell.strip() == "yes"
    }
    assert [before for before, _ in rows] == list(State)
    assert printed == STEPS


@pytest.mark.parametrize(
    ("part", "until"),
    [
        (Part.TEXTS, "CANCELLED"),
        (Part.SETUP, "SELECTING"),
        (Part.REGISTRATION, "PAUSED"),
        (Part.IDENTITY, "SCHEDULED"),
    ],
)
def test_a_part_can_be_changed_until_its_time_is_over(part: Part, until: str) -> None:
    in_order = [
        "DRAFT",
        "SCHEDULED",
        "OPEN",
        "PAUSED",
        "CLOSED",
        "SELECTING",
        "FINISHED",
        "CANCELLED",
        "ARCHIVED",
    ]
    assert rules.CHANGEABLE[part] == set(in_order[: in_order.index(until) + 1])


def campaign(**given: object) -> wire.Campaign:
    """A campaign that works."""
    now = datetime(2027, 1, 1, tzinfo=UTC)
    whole = wire.Campaign(
        id="cmp_1",
        slug="tour",
        team_id="tea_1",
        version=3,
        state=State.OPEN,
        announced=True,
        default_locale="en-US",
        countries=["US"],
        registration=wire.Window(now, now + timedelta(days=1)),
        phone_required=False,
        identity_key="EMAIL",
        gate=None,
        score_range=None,
        created_at=now,
        updated_at=now,
        contents=[wire.Content("en-US", "The Tour")],
        artists=[],
        markets=[wire.Market("mkt_1", "New York", "US", None, None, None, None)],
        events=[wire.Event("evt_1", "mkt_1", "Night 1", now, wire.Window(now, now), 10, "SINGLE_USE", 4)],
    )
    return msgspec.structs.replace(whole, **given)


@pytest.mark.parametrize(
    ("broken", "code", "path"),
    [
        ({"events": []}, "EVENT_MISSING", ["events"]),
        ({"contents": []}, "CONTENT_MISSING", ["contents"]),
        ({"default_locale": "fr-CA"}, "CONTENT_MISSING", ["contents"]),
    ],
)
def test_no_change_leaves_a_live_campaign_unable_to_work(
    broken: dict[str, object], code: str, path: list[str]
) -> None:
    rules.check_working(campaign())
    with pytest.raises(Invalid) as refusal:
        rules.check_working(campaign(**broken))
    assert [(issue.code, issue.path) for issue in refusal.value.issues] == [(code, path)]


def test_a_draft_may_be_incomplete() -> None:
    rules.check_working(campaign(state=State.DRAFT, events=[], contents=[]))


def test_a_market_is_made_known_with_its_first_event() -> None:
    bare = wire.Market("mkt_2", "Boston", "US", None, None, None, None)
    assert [m.id for m in rules.snapshot(campaign(markets=[*campaign().markets, bare])).markets] == ["mkt_1"]
