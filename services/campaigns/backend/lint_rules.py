"""What looks wrong about a campaign, check by check. Pure: the moment is the database's, the counts are codes'."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from services.campaigns.backend import wire
from services.campaigns.backend.gate_reach_rules import admitted, dead_ends
from services.campaigns.backend.lint_wire import Finding, Severity
from services.kit.errors import DomainError
from services.kit.locales import LOCALES

_TEXTS = {"summary": "summary", "body": "body", "terms": "terms", "sms_template": "smsTemplate"}
_REACHES_HER_CODE = re.compile(r"\{(code|link)\}")


class LintBlocked(DomainError):
    """A campaign with these errors could not work, so it is not opened."""

    code = "LINT_BLOCKED"
    members: ClassVar[dict[str, Any]] = {"findings": list[Finding]}

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(
            "The campaign cannot work like this. Correct what findings says first.", findings=findings
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """A campaign to look at, the moment, and the usable codes of each event with a pool; None: codes did not say."""

    campaign: wire.Campaign
    now: datetime
    codes: Mapping[str, int] | None = None


def errors_of(campaign: wire.Campaign, now: datetime) -> list[Finding]:
    """What keeps a campaign from being opened. It asks nobody else: codes can still come."""
    return [f for f in _findings(Subject(campaign, now), _OF_CAMPAIGN) if f.severity is Severity.ERROR]


def findings_of(subject: Subject) -> list[Finding]:
    """Everything there is to say, errors first, otherwise in the order of the campaign's parts."""
    found = _findings(subject, [*_OF_CAMPAIGN, _codes])
    return sorted(found, key=lambda finding: finding.severity is not Severity.ERROR)


def _findings(subject: Subject, checks: "list[Check]") -> list[Finding]:
    return [finding for check in checks for finding in check(subject)]


def _texts(subject: Subject) -> Iterator[Finding]:
    campaign = subject.campaign
    contents = {content.locale: content for content in campaign.contents}
    default = contents.get(campaign.default_locale)
    if default is None:
        message = f"Write the texts for the default locale, {campaign.default_locale}."
        yield _error("CONTENT_MISSING", message, "contents", campaign.default_locale)
        return
    for locale, content in sorted(contents.items()):
        for name, shown in _TEXTS.items():
            if getattr(default, name) is not None and getattr(content, name) is None:
                message = (
                    f"The {shown} is written in {default.locale}, but not in {locale}: its readers see none."
                )
                yield _warning("TRANSLATION_MISSING", message, "contents", locale, shown)
        if content.sms_template is not None and not _REACHES_HER_CODE.search(content.sms_template):
            message = (
                f"The text message in {locale} has neither {{code}} nor {{link}}: winners could not buy."
            )
            yield _error("SMS_WITHOUT_CODE", message, "contents", locale, "smsTemplate")


def _languages(subject: Subject) -> Iterator[Finding]:
    campaign = subject.campaign
    written = {content.locale.partition("-")[0] for content in campaign.contents}
    for locale in LOCALES:
        language, _, country = locale.partition("-")
        if written and country in campaign.countries and language not in written:
            message = f"The campaign is offered in {country}, but has no texts for readers of {locale}."
            yield _warning("LOCALE_MISSING", message, "contents", locale)


def _gate(subject: Subject) -> Iterator[Finding]:
    campaign = subject.campaign
    countries = frozenset(campaign.countries)
    passable = admitted(campaign.gate, countries)
    for dead in dead_ends(campaign.gate, countries, ["gate"]):
        if not passable:
            message = f"Nobody from {_named(dead.countries or countries)} can fulfil this, so nobody at all can enter."
            yield _error("GATE_UNREACHABLE", message, *dead.path)
        else:
            message = "Nobody can fulfil this part as it stands among the others: take it out or correct it."
            yield _warning("GATE_BRANCH_UNREACHABLE", message, *dead.path)
    if not passable:
        return
    for place, country in enumerate(campaign.countries):
        if country not in passable:
            message = f"The campaign is offered in {country}, but its gate lets nobody from there in."
            yield _warning("COUNTRY_SHUT_OUT", message, "countries", str(place))
    if not campaign.phone_required and not admitted(campaign.gate, countries, with_phone=False):
        message = (
            "The gate asks everybody for a confirmed phone number, but phoneRequired is off: fans without one are"
            " turned away instead of getting until the close to confirm."
        )
        yield _warning("PHONE_NOT_REQUIRED", message, "phoneRequired")


def _windows(subject: Subject) -> Iterator[Finding]:
    closes_at = subject.campaign.registration.closes_at
    if closes_at <= subject.now:
        yield _error(
            "IN_THE_PAST",
            "The registration window is over. Choose a later closesAt.",
            "registration",
            "closesAt",
        )
    for place, event in enumerate(subject.campaign.events):
        at = ("events", str(place))
        if event.starts_at <= subject.now:
            yield _error("EVENT_IN_THE_PAST", f"{event.name} has started already.", *at, "startsAt")
        elif event.starts_at <= closes_at:
            message = f"{event.name} starts before registration closes."
            yield _error("EVENT_BEFORE_CLOSE", message, *at, "startsAt")
        if event.presale.closes_at <= subject.now:
            yield _error(
                "PRESALE_IN_THE_PAST", f"The presale of {event.name} is over.", *at, "presale", "closesAt"
            )
        elif event.presale.closes_at <= closes_at:
            message = f"The presale of {event.name} ends before registration closes: no winner could buy."
            yield _error("PRESALE_BEFORE_CLOSE", message, *at, "presale", "closesAt")
        elif event.presale.opens_at < closes_at:
            message = f"The presale of {event.name} begins before registration closes, and so before winners are drawn."
            yield _warning("PRESALE_BEFORE_CLOSE", message, *at, "presale", "opensAt")


def _places(subject: Subject) -> Iterator[Finding]:
    campaign = subject.campaign
    if not campaign.events:
        yield _error("EVENT_MISSING", "Add at least one event.", "events")
    elif not any(event.allocation for event in campaign.events):
        yield _error("ZERO_CAPACITY", "No event has tickets to give: nobody could win.", "events")
    capacity: dict[str, int] = {}
    for event in campaign.events:
        capacity[event.market_id] = capacity.get(event.market_id, 0) + event.allocation
    for place, market in enumerate(campaign.markets):
        at = ("markets", str(place))
        if market.id not in capacity:
            yield _error("MARKET_WITHOUT_EVENT", f"Add an event to {market.name}, or remove the market.", *at)
        elif capacity[market.id] == 0 and any(capacity.values()):
            message = f"The events in {market.name} have no tickets to give: whoever wants only this market cannot win."
            yield _warning("ZERO_CAPACITY", message, *at, "capacity")
        if market.venue is None:
            message = f"{market.name} has no venue, so fans see neither place nor local times."
            yield _warning("MARKET_WITHOUT_VENUE", message, *at, "venue")
        if market.country not in campaign.countries:
            message = f"{market.name} is in {market.country}, where the campaign is not offered."
            yield _warning("MARKET_OUTSIDE_COUNTRIES", message, *at, "country")


def _codes(subject: Subject) -> Iterator[Finding]:
    if subject.codes is None:
        message = "The code pools could not be looked at just now. Ask again shortly."
        yield _warning("CODES_UNKNOWN", message, "events")
        return
    for place, event in enumerate(subject.campaign.events):
        usable = subject.codes.get(event.id)
        at = ("events", str(place), "allocation")
        if usable is None:
            message = (
                f"{event.name} has no code pool yet; up to {event.allocation:,} winners need a code each."
            )
            yield _warning("CODE_POOL_MISSING", message, *at)
        elif usable < event.allocation:
            message = f"{event.name} has {usable:,} usable codes for up to {event.allocation:,} winners."
            yield _warning("CODES_BELOW_CAPACITY", message, *at)


Check = Callable[[Subject], Iterator[Finding]]
_OF_CAMPAIGN: list[Check] = [_texts, _languages, _gate, _windows, _places]


def _error(code: str, message: str, *path: str) -> Finding:
    return Finding(Severity.ERROR, code, message, list(path))


def _warning(code: str, message: str, *path: str) -> Finding:
    return Finding(Severity.WARNING, code, message, list(path))


def _named(countries: frozenset[str]) -> str:
    return ", ".join(sorted(countries))
