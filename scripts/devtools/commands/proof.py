"""`scripts/proof`."""

import sys
from typing import Literal

from cyclopts import App

from scripts.devtools import personas, proof_providers, proofs
from scripts.devtools import settings as devsettings
from scripts.devtools.proofs import Grant
from scripts.devtools.tokens import Mint

app = App(name="scripts/proof", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/proof`."""
    try:
        return app(argv) or 0
    except (personas.UnknownPersonaError, devsettings.SettingsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


@app.command
def account(persona: str = "fan") -> None:
    """Print an authorization code for linkAccount, of the persona's account at Verizon or Citi. It works once."""
    print(proofs.authorization_code(Grant(personas.find(persona).subject)))


@app.command
def card(
    persona: str = "fan",
    *,
    brand: Literal["visa", "mastercard", "amex", "discover", "jcb", "declined"] = "visa",
    last4: str = "4242",
    expires: str = "1240",
) -> None:
    """Print a payment token for verifyCard.

    Parameters
    ----------
    persona
        Whose card.
    brand
        jcb does not count here; declined is declined by its bank.
    last4
        The last four digits.
    expires
        The last month, as MMYY.
    """
    print(proofs.payment_method(brand, last4, expires, personas.find(persona).subject))


@app.command
def identity(persona: str = "fan", *, nonce: str | None = None, expires_in: int = 300) -> None:
    """Print an assertion for verifyIdentity, about the persona. It counts once.

    Parameters
    ----------
    persona
        The person.
    nonce
        The nonce to carry; send the same one with verifyIdentity.
    expires_in
        Seconds from now; a negative number makes an assertion that has expired.
    """
    mint = Mint.from_settings(devsettings.load())
    issuer = proof_providers.asu_issuer(mint.issuer)
    print(proofs.assertion(mint, personas.find(persona).subject, issuer, expires_in=expires_in, nonce=nonce))
