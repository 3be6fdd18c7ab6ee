"""What partners are told, and how often it is tried. Pure: no I/O, no clock."""

import secrets

EVENTS = ("code.assigned", "code.redeemed", "code.voided", "pool.low")
MOST_WEBHOOKS = 20
MOST_ATTEMPTS = 15
"""The first after half a minute, then doubling up to six hours: given up after about a day and a half."""


def new_secret() -> str:
    """A signing secret with 256 random bits."""
    return f"whsec_{secrets.token_urlsafe(32)}"


def failure_of(status: int) -> str | None:
    """Why an answer does not count as taken; None for 2xx. A redirect is not followed."""
    if 200 <= status < 300:
        return None
    return "REDIRECT" if 300 <= status < 400 else "STATUS"
