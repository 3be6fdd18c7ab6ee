"""The Campaign Service's rules: lifecycle, what may change when, when a campaign can work. Pure: no I/O, no clock."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from services.campaigns.backend import snapshot_wire, wire
from services.campaigns.backend.wire import State
from services.kit.errors import Invalid, Issue

S = State

# No way leads back from CLOSED: whoever had not confirmed by then was invalidated, and stays so.
TRANSITIONS: dict[State, frozenset[State]] = {
    S.DRAFT: frozenset({S.SCHEDULED, S.OPEN, S.CANCELLED}),
    S.SCHEDULED: frozenset({S.OPEN, S.DRAFT, S.CANCELLED}),
    S.OPEN: frozenset({S.PAUSED, S.CLOSED, S.CANCELLED}),
    S.PAUSED: frozenset({S.OPEN, S.CLOSED, S.CANCELLED}),
    S.CLOSED: frozenset({S.SELECTING}),
    S.SELECTING: frozenset({S.FINISHED}),
    S.FINISHED: frozenset({S.ARCHIVED}),
    S.CANCELLED: frozenset({S.ARCHIVED}),
    S.ARCHIVED: frozenset(),
}

PUBLIC_STATES = frozenset({S.SCHEDULED, S.OPEN, S.PAUSED, S.CLOSED, S.SELECTING, S.FINISHED})
_LIVE = frozenset({S.SCHEDULED, S.OPEN, S.PAUSED})


class Part(StrEnum):
    """A part of a campaign, by how long it can be changed."""

    TEXTS = "its texts"
    SETUP = "its gate, scores, countries, artists, markets and events"
    REGISTRATION = "its registration window and phone rule"
    IDENTITY = "its slug and identity key, and which markets and events it has lost"


CHANGEABLE: dict[Part, frozenset[State]] = {
    Part.TEXTS: frozenset(State) - {S.ARCHIVED},
    # A later wave may have more tickets to give.
    Part.SETUP: frozenset({S.DRAFT, S.SCHEDULED, S.OPEN, S.PAUSED, S.CLOSED, S.SELECTING}),
    # A later closing would reopen what is closed.
    Part.REGISTRATION: frozenset({S.DRAFT, S.SCHEDULED, S.OPEN, S.PAUSED}),
    # Entries point at these from the first one on, or were told to wait by them.
    Part.IDENTITY: frozenset({S.DRAFT, S.SCHEDULED}),
}


def sources(to: State) -> frozenset[State]:
    """The states that `to` can follow."""
    return frozenset(state for state, targets in TRANSITIONS.items() if to in targets)


def states_for(parts: Iterable[Part]) -> frozenset[State]:
    """The states in which all of these parts can be changed."""
    return frozenset(State).intersection(*(CHANGEABLE[part] for part in parts))


def parts_of(update: wire.CampaignUpdate) -> set[Part]:
    """The parts that an update touches."""
    given = {name for name in update.__struct_fields__ if getattr(update, name) is not msgspec.UNSET}
    parts = {
        Part.TEXTS: {"default_locale", "hero_upload_id"},
        Part.SETUP: {"countries", "score_range", "artist_ids"},
        Part.REGISTRATION: {"registration"},
        Part.IDENTITY: {"slug", "identity_key", "phone_required", "promoter_id"},
    }
    return {part for part, names in parts.items() if names & given} or {Part.TEXTS}


def locked(state: str, parts: Iterable[Part]) -> Invalid:
    """The refusal of a change that comes too late."""
    what = next((part for part in parts if state not in CHANGEABLE[part]), Part.TEXTS)
    return Invalid([Issue([], "LOCKED", f"A campaign that is {state} keeps {what} as it is.")])


def check_working(campaign: wire.Campaign) -> None:
    """Refuses what would leave a scheduled or live campaign unable to work at all. Raises Invalid."""
    issues: list[Issue] = []
    if campaign.state in _LIVE:
        if campaign.default_locale not in {content.locale for content in campaign.contents}:
            message = f"Write the texts for the default locale, {campaign.default_locale}, first."
            issues.append(Issue(["contents"], "CONTENT_MISSING", message))
        if not campaign.events:
            issues.append(Issue(["events"], "EVENT_MISSING", "Add at least one event first."))
    if issues:
        raise Invalid(issues, "The campaign cannot work like this; see issues.")


def check_begun(before: wire.Campaign, after: wire.Campaign) -> None:
    """Refuses to put off a beginning that has been: what entries point at could be changed again. Raises Invalid."""
    begun = before.state in (S.OPEN, S.PAUSED)
    if begun and after.registration.opens_at > before.registration.opens_at:
        message = "Registration has begun: opensAt cannot be put off any more."
        raise Invalid([Issue(["registration", "opensAt"], "LOCKED", message)])


def snapshot(campaign: wire.Campaign) -> snapshot_wire.Snapshot:
    """What other services know of a campaign: of its markets those with an event, for nobody could win in another."""
    served = {event.market_id for event in campaign.events}
    scores = campaign.score_range or wire.ScoreRange()
    return snapshot_wire.Snapshot(
        id=campaign.id,
        slug=campaign.slug,
        team_id=campaign.team_id,
        version=campaign.version,
        state=campaign.state,
        default_locale=campaign.default_locale,
        countries=campaign.countries,
        opens_at=campaign.registration.opens_at,
        closes_at=campaign.registration.closes_at,
        phone_required=campaign.phone_required,
        identity_key=campaign.identity_key,
        gate=campaign.gate,
        score_min=scores.min,
        score_max=scores.max,
        titles={content.locale: content.title for content in campaign.contents},
        sms_templates={c.locale: c.sms_template for c in campaign.contents if c.sms_template is not None},
        shares_fan_data=campaign.promoter is not None and campaign.promoter.shares_fan_data,
        markets=[
            snapshot_wire.SnapshotMarket(m.id, m.name, m.country) for m in campaign.markets if m.id in served
        ],
        events=[_snapshot_event(event) for event in campaign.events],
    )


def audited(campaign: wire.Campaign) -> wire.Campaign:
    """The campaign as the audit log digests it: what people set, not what counts along."""
    return msgspec.structs.replace(campaign, version=0, updated_at=campaign.created_at)


def _snapshot_event(event: wire.Event) -> snapshot_wire.SnapshotEvent:
    return snapshot_wire.SnapshotEvent(
        id=event.id,
        market_id=event.market_id,
        name=event.name,
        starts_at=event.starts_at,
        presale_opens_at=event.presale.opens_at,
        presale_closes_at=event.presale.closes_at,
        allocation=event.allocation,
        code_mode=event.code_mode,
        ticket_limit=event.ticket_limit,
    )
