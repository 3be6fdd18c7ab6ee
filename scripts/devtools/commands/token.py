"""`scripts/token`."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from scripts.devtools import personas
from scripts.devtools import settings as devsettings
from scripts.devtools.tokens import DEFAULT_LIFETIME_SECONDS, Mint
from services.kit.ids import user_id as derive_user_id

app = App(name="scripts/token", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/token`."""
    return app(argv) or 0


@app.default
def token(
    persona: str,
    *,
    expires_in: int = DEFAULT_LIFETIME_SECONDS,
    audience: str | None = None,
    issuer: str | None = None,
    subject: str | None = None,
    email: str | None = None,
    name: str | None = None,
    country: str | None = None,
    member_id: str | None = None,
    without: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    user_id: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Print an access token of the development identity provider, which need not be running.

    Parameters
    ----------
    persona
        fan, fan:N, admin, editor, selection-manager, code-manager, analyst, pii-viewer, viewer, outsider;
        service and ticketing are programs with a role.
    expires_in
        Seconds from now; a negative number makes a token that has expired.
    audience
        Another `aud`, to make a token that must be refused.
    issuer
        Another `iss`, likewise.
    subject
        Another `sub`: somebody who is nobody's persona.
    email
        Another email address.
    name
        Another full name.
    country
        Another two-letter country.
    member_id
        Another membership number.
    without
        Claims to leave out, for example `--without exp sub`.
    user_id
        Print the persona's user id (usr_…) in place of a token.
    """
    given = {
        "aud": audience,
        "iss": issuer,
        "sub": subject,
        "email": email,
        "name": name,
        "country": country,
        "member_id": member_id,
    }
    claims: dict[str, object] = {claim: value for claim, value in given.items() if value is not None}
    claims |= dict.fromkeys(without)
    try:
        mint = Mint.from_settings(devsettings.load())
        found = personas.find(persona)
        if user_id:
            print(derive_user_id(issuer or mint.issuer, subject or found.subject))
        else:
            print(mint.mint(persona, expires_in=expires_in, **claims))
    except (personas.UnknownPersonaError, devsettings.SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
