"""The people of the development system: who can have a token, and what the seed makes of them."""

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "OWNER",
    "ADMIN",
    "CAMPAIGN_EDITOR",
    "SELECTION_MANAGER",
    "CODE_MANAGER",
    "ANALYST",
    "PII_VIEWER",
    "SUPPORT",
    "VIEWER",
]
Team = Literal["demo", "other"]

MOST_FANS = 9_999_999

_LOCALES = ("en-US", "es-US", "en-CA", "fr-CA", "en-GB", "en-IE", "es-MX", "en-MX")
_GIVEN_NAMES = (
    "Ada",
    "Beau",
    "Chloé",
    "Diego",
    "Efua",
    "Fionn",
    "Guadalupe",
    "Hannah",
    "Imani",
    "José",
    "Keiko",
)
_FAMILY_NAMES = (
    "Abbott",
    "Byrne",
    "Castillo",
    "Dubois",
    "Evans",
    "Flores",
    "Gagnon",
    "Hughes",
    "Ito",
    "Juárez",
)


class UnknownPersonaError(Exception):
    """There is no such persona; the message lists those there are."""

    def __init__(self, name: str) -> None:
        known = ", ".join(["fan", "fan:N", *STAFF, *SERVICE_ACCOUNTS])
        super().__init__(f"There is no persona {name!r}: choose one of {known} (N from 1 to {MOST_FANS}).")


@dataclass(frozen=True)
class Persona:
    """One person, or a program that speaks for itself (`service`). `subject` is the token's `sub`; `role` on `team` is
    what the seed grants (a fan has none).
    """

    name: str
    subject: str
    full_name: str
    email: str
    locale: str
    role: Role | None = None
    team: Team | None = None
    member_id: str | None = None
    service: bool = False

    @property
    def country(self) -> str:
        """The two-letter country, the end of the locale."""
        return self.locale[-2:]


def _staff(name: str, full_name: str, role: Role, team: Team = "demo") -> Persona:
    return Persona(name, name, full_name, f"{name}@staff.example", "en-US", role, team)


def service_account(client_id: str, role: Role | None = None) -> Persona:
    """A program with a client-credentials token: nobody's name, email or country."""
    return Persona(client_id, client_id, client_id, "", "en-US", role, "demo" if role else None, service=True)


STAFF = {
    persona.name: persona
    for persona in (
        _staff("admin", "Alex Admin", "OWNER"),
        _staff("editor", "Erin Editor", "CAMPAIGN_EDITOR"),
        _staff("selection-manager", "Sam Selector", "SELECTION_MANAGER"),
        _staff("code-manager", "Casey Coder", "CODE_MANAGER"),
        _staff("analyst", "Andy Analyst", "ANALYST"),
        _staff("pii-viewer", "Pat Private", "PII_VIEWER"),
        _staff("viewer", "Vic Viewer", "VIEWER"),
        _staff("outsider", "Olga Outsider", "OWNER", "other"),
    )
}
"""Everyone who works here, by persona name. `outsider` owns the other team and has nothing to do with the demo team."""

SERVICE_ACCOUNTS = {
    account.name: account
    for account in (service_account("service", "ANALYST"), service_account("ticketing", "CODE_MANAGER"))
}
"""The programs that work with the demo team: an analytics tool, and a ticketing platform that reports redemptions."""


def fan(number: int) -> Persona:
    """Fan number 1 and up: name, locale, country and membership follow from the number."""
    if not 1 <= number <= MOST_FANS:
        raise UnknownPersonaError(f"fan:{number}")
    given = _GIVEN_NAMES[number % len(_GIVEN_NAMES)]
    family = _FAMILY_NAMES[number % len(_FAMILY_NAMES)]
    return Persona(
        name=f"fan:{number}",
        subject=f"fan-{number:06}",
        full_name=f"{given} {family}",
        email=f"fan-{number:06}@fans.example",
        locale=_LOCALES[(number - 1) % len(_LOCALES)],
        member_id=f"M{number:07}",
    )


def find(name: str) -> Persona:
    """`fan` (the first fan), `fan:N`, or a name of `STAFF` or `SERVICE_ACCOUNTS`. Raises UnknownPersonaError."""
    if named := STAFF.get(name) or SERVICE_ACCOUNTS.get(name):
        return named
    kind, _, number = "fan:1".partition(":") if name == "fan" else name.partition(":")
    if kind != "fan" or not (number.isascii() and number.isdigit()):
        raise UnknownPersonaError(name)
    return fan(int(number))
