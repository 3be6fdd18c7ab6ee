"""How far an entry looks like a fan's and not like a reseller's machine: 0 (not at all) to 1. Pure.

A score is made of what it starts with and what each reason adds or takes, in hundredths. Nothing here shuts anybody
out: a campaign's or a wave's score range does, or the threshold below which people look at an entry. Fans see neither
a score nor its reasons, for whoever knows the rules can play by them.
"""

from collections.abc import Collection
from dataclasses import dataclass

START = 50
POINTS = {
    "ACCOUNT_ESTABLISHED": 15,
    "ACCOUNT_KNOWN": 5,
    "PHONE_CONFIRMED": 20,
    "CODE_REDEEMED_BEFORE": 15,
    "EMAIL_DISPOSABLE": -30,
    "PHONE_SHARED": -20,
    "NETWORK_BUSY": -10,
    "DEVICE_BUSY": -20,
}
"""What each reason adds to a score, in hundredths."""

ESTABLISHED_DAYS = 365
KNOWN_DAYS = 30
# A mobile operator's fans share few addresses, a household shares one: a busy network says little, a great many
# registrations by one browser behind it in an hour say more.
NETWORK_BUSY = 100
DEVICE_BUSY = 20
VELOCITY = ("NETWORK_BUSY", "DEVICE_BUSY")
MOST_REASONS = 20
_MOST_CODE = 60


@dataclass(frozen=True, slots=True)
class Signals:
    """What a score is computed from.

    `account_days` is how long the account had been known when she registered. `from_network` and `from_device` count
    registrations for the campaign in the same hour from her network, and by her browser there, her own included; None
    once that is forgotten, and `before` tells what it came to.
    """

    account_days: float
    phone_confirmed: bool
    phone_shared: bool
    redeemed_before: bool
    disposable_email: bool
    from_network: int | None
    from_device: int | None
    before: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 1, with the codes of what it is made of."""

    value: float
    reasons: tuple[str, ...]


def score(signals: Signals) -> Score:
    """The built-in score."""
    reasons = tuple(code for code, holds in _judged(signals).items() if holds)
    points = START + sum(POINTS[code] for code in reasons)
    return Score(min(100, max(0, points)) / 100, reasons)


def is_disposable(email: str | None, domains: Collection[str]) -> bool:
    """Whether an address is at one of the domains, or below one, that hand out mailboxes to throw away."""
    if email is None:
        return False
    labels = email.rpartition("@")[2].lower().rstrip(".").split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels) - 1))


def is_code(text: str) -> bool:
    """Whether a text can be the code of an outside scorer's reason, say `BOT_LIKELY`."""
    return 0 < len(text) <= _MOST_CODE and text.isascii() and text.replace("_", "").isalnum()


def _judged(signals: Signals) -> dict[str, bool]:
    established = signals.account_days >= ESTABLISHED_DAYS
    return {
        "ACCOUNT_ESTABLISHED": established,
        "ACCOUNT_KNOWN": not established and signals.account_days >= KNOWN_DAYS,
        "PHONE_CONFIRMED": signals.phone_confirmed,
        "CODE_REDEEMED_BEFORE": signals.redeemed_before,
        "EMAIL_DISPOSABLE": signals.disposable_email,
        "PHONE_SHARED": signals.phone_shared,
        "NETWORK_BUSY": _busy("NETWORK_BUSY", signals.from_network, NETWORK_BUSY, signals.before),
        "DEVICE_BUSY": _busy("DEVICE_BUSY", signals.from_device, DEVICE_BUSY, signals.before),
    }


def _busy(code: str, count: int | None, most: int, before: Collection[str]) -> bool:
    return code in before if count is None else count > most
