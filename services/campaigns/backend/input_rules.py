"""What inputs must look like. Each check gathers every issue, with the path from the input's root. Pure."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import UNSET

from services.campaigns.backend import gate_wire, wire
from services.campaigns.backend.clone_rules import Dates
from services.campaigns.backend.clones_wire import Clone
from services.campaigns.backend.gate_rules import gate_issues
from services.campaigns.backend.promoters_wire import PromoterWrite
from services.campaigns.backend.sms_rules import sms_issues
from services.kit.errors import Invalid, Issue
from services.kit.locales import COUNTRIES, LOCALES

IDENTITY_KEYS = ("EMAIL", "GLOBAL_USER_ID", "MEMBER_ID")
CODE_MODES = ("SINGLE_USE", "ACCOUNT_BOUND")

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONTENT_LIMITS = {"title": 200, "summary": 1000, "body": 50_000, "terms": 50_000, "sms_template": 1000}
_EMAIL = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,253}\.[^@\s.<>\"]{2,63}")
_PAGE = re.compile(r"https://[^\s<>\"@\\]{1,500}")
_MOST_ARTISTS = 50
_MOST_SHIFT = 3650
_EARLIEST, _LATEST = 2000, 2100

Path = list[str]


def check_new_campaign(new: wire.NewCampaign) -> None:
    """Raises Invalid."""
    issues = [
        *_campaign(new),
        *gate_issues(new.gate, ["gate"]),
        *_distinct(["contents"], [content.locale for content in new.contents]),
    ]
    for place, content in enumerate(new.contents):
        issues += _content(content, ["contents", str(place)])
    _settle(issues)


def check_clone(clone: Clone) -> None:
    """Raises Invalid."""
    _settle([*_slug(clone.slug), *_within(["shift_days"], clone.shift_days, -_MOST_SHIFT, _MOST_SHIFT)])


def check_shifted(dates: Dates) -> None:
    """Refuses dates that a shift has moved out of all calendars. Raises Invalid."""
    windows = [dates.registration, *dates.presales]
    moments = [*dates.starts_at, *(at for window in windows for at in (window.opens_at, window.closes_at))]
    _settle([issue for moment in moments for issue in _year(["shift_days"], moment)][:1])


def check_update(update: wire.CampaignUpdate) -> None:
    """Raises Invalid."""
    _settle(_campaign(update))


def check_content(content: wire.Content) -> None:
    """Raises Invalid."""
    _settle(_content(content, []))


def check_gate(gate: gate_wire.Gate | None) -> None:
    """Raises Invalid."""
    _settle(gate_issues(gate, ["gate"]))


def check_market(market: wire.MarketWrite) -> None:
    """Raises Invalid."""
    issues = [*_text(["name"], market.name, 120), *_one_of(["country"], market.country, COUNTRIES)]
    if market.location is not None:
        issues += _within(["location", "latitude"], market.location.latitude, -90, 90)
        issues += _within(["location", "longitude"], market.location.longitude, -180, 180)
    if market.radius_km is not None:
        issues += _within(["radius_km"], market.radius_km, 0.1, 1000)
    _settle(issues)


def check_event(event: wire.EventWrite) -> None:
    """Raises Invalid."""
    _settle(
        [
            *_text(["name"], event.name, 200),
            *_start(event),
            *_window(["presale"], event.presale),
            *_within(["allocation"], event.allocation, 0, 10_000_000),
            *_one_of(["code_mode"], event.code_mode, CODE_MODES),
            *_within(["ticket_limit"], event.ticket_limit, 1, 20),
        ]
    )


def _start(event: wire.EventWrite) -> list[Issue]:
    if (event.starts_at is None) == (event.starts_at_local is None):
        return [Issue(["starts_at"], "NOT_ONE", "Give either startsAt or startsAtLocal.")]
    return [] if event.starts_at is None else _year(["starts_at"], event.starts_at)


def check_promoter(promoter: PromoterWrite) -> None:
    """Raises Invalid."""
    issues = [
        *_text(["name"], promoter.name, 120),
        *_text(["legal_name"], promoter.legal_name, 200),
        *_one_of(["default_locale"], promoter.default_locale, LOCALES),
    ]
    if (promoter.id is None) == (promoter.team_id is None):
        issues.append(Issue(["id"], "NOT_ONE", "Give the promoter to replace, or the team of a new one."))
    if promoter.support_email is not None and not _EMAIL.fullmatch(promoter.support_email):
        issues.append(Issue(["support_email"], "MALFORMED", "This is no email address."))
    if promoter.privacy_policy_url is not None and not _PAGE.fullmatch(promoter.privacy_policy_url):
        issues.append(Issue(["privacy_policy_url"], "MALFORMED", "Give a link that begins with https://."))
    if promoter.shares_fan_data and promoter.privacy_policy_url is None:
        message = "Whoever gets fans' data says in a privacy policy what becomes of it: give its link."
        issues.append(Issue(["privacy_policy_url"], "REQUIRED", message))
    _settle(issues)


def _campaign(given: wire.NewCampaign | wire.CampaignUpdate) -> list[Issue]:
    issues: list[Issue] = []
    if given.slug is not UNSET:
        issues += _slug(given.slug)
    if given.default_locale is None:
        if given.promoter_id in (None, UNSET):
            message = "Name the default locale, or a promoter whose default counts."
            issues.append(Issue(["default_locale"], "REQUIRED", message))
    elif given.default_locale is not UNSET:
        issues += _one_of(["default_locale"], given.default_locale, LOCALES)
    if given.countries is not UNSET:
        if not given.countries:
            issues.append(Issue(["countries"], "REQUIRED", "Name at least one country."))
        issues += _distinct(["countries"], given.countries)
        for place, country in enumerate(given.countries):
            issues += _one_of(["countries", str(place)], country, COUNTRIES)
    if given.registration is not UNSET:
        issues += _window(["registration"], given.registration)
    if given.identity_key is not UNSET:
        issues += _one_of(["identity_key"], given.identity_key, IDENTITY_KEYS)
    if given.score_range is not UNSET and given.score_range is not None:
        issues += _scores(given.score_range)
    if given.artist_ids is not UNSET:
        issues += _distinct(["artist_ids"], given.artist_ids)
        if len(given.artist_ids) > _MOST_ARTISTS:
            issues.append(
                Issue(["artist_ids"], "TOO_MANY", f"A campaign has at most {_MOST_ARTISTS} artists.")
            )
    return issues


def _slug(slug: str) -> list[Issue]:
    if _SLUG.fullmatch(slug) and 3 <= len(slug) <= 80:
        return []
    message = "A slug is 3 to 80 lower-case letters, digits and single hyphens: summer-tour-2027."
    return [Issue(["slug"], "MALFORMED", message)]


def _content(content: wire.Content, at: Path) -> list[Issue]:
    issues = [*_one_of([*at, "locale"], content.locale, LOCALES)]
    for name, most in _CONTENT_LIMITS.items():
        text = getattr(content, name)
        if text is not None:
            issues += _text([*at, name], text, most)
    if content.sms_template is not None:
        issues += sms_issues(content.sms_template, [*at, "sms_template"])
    return issues


def _scores(scores: wire.ScoreRange) -> list[Issue]:
    if scores.min is not None and scores.max is not None and scores.min > scores.max:
        return [Issue(["score_range"], "EMPTY", "min must not be above max.")]
    return []


def _window(at: Path, window: wire.Window) -> list[Issue]:
    issues = [*_year([*at, "opens_at"], window.opens_at), *_year([*at, "closes_at"], window.closes_at)]
    if window.opens_at >= window.closes_at:
        issues.append(Issue([*at, "closes_at"], "EMPTY", "closesAt must be after opensAt."))
    return issues


def _year(at: Path, moment: datetime) -> list[Issue]:
    if _EARLIEST <= moment.year < _LATEST:
        return []
    return [Issue(at, "OUT_OF_RANGE", f"The year must be {_EARLIEST} to {_LATEST - 1}.")]


def _text(at: Path, text: str, most: int) -> list[Issue]:
    if not text.strip():
        return [Issue(at, "REQUIRED", "This must not be empty.")]
    if len(text) > most:
        return [Issue(at, "TOO_LONG", f"This has {len(text)} characters; at most {most} are allowed.")]
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t" for c in text):
        return [Issue(at, "MALFORMED", "This holds characters that cannot be shown.")]
    return []


def _one_of(at: Path, value: str, allowed: Collection[str]) -> list[Issue]:
    return (
        []
        if value in allowed
        else [Issue(at, "UNKNOWN", f"This must be one of {', '.join(sorted(allowed))}.")]
    )


def _within(at: Path, value: float, least: float, most: float) -> list[Issue]:
    return (
        [] if least <= value <= most else [Issue(at, "OUT_OF_RANGE", f"This must be {least:,} to {most:,}.")]
    )


def _distinct(at: Path, values: Sequence[str]) -> list[Issue]:
    return [] if len(set(values)) == len(values) else [Issue(at, "DUPLICATE", "Name each only once.")]


def _settle(issues: list[Issue]) -> None:
    if issues:
        raise Invalid(issues)
