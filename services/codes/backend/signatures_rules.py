"""How webhooks are signed, in both directions: HMAC-SHA256 over the time of sending and the very bytes of the body.

    monoql-timestamp: 1771000000
    monoql-signature: v1=<hex HMAC-SHA256(secret, "1771000000." + body)>[,v1=<under another secret>]

Several signatures let either side rotate its secret without a gap. Pure: no I/O, no clock.
"""

import hmac
from collections.abc import Iterable

TIMESTAMP = "monoql-timestamp"
SIGNATURE = "monoql-signature"
WINDOW_SECONDS = 60
_MOST_SIGNATURES = 4


def sign(secrets: Iterable[str], moment: int, body: bytes) -> str:
    """The signature header of a body that is sent at `moment` (Unix seconds), one signature for each secret."""
    return ",".join(_signature(secret, moment, body) for secret in secrets)


def is_signed(secrets: Iterable[str], timestamp: str, signature: str, body: bytes, *, now: float) -> bool:
    """Whether any of the secrets signed this body, at a `timestamp` within a minute of `now`."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    if abs(now - int(timestamp)) > WINDOW_SECONDS:
        return False
    given = [part.strip().encode() for part in signature.split(",")[:_MOST_SIGNATURES]]
    expected = [_signature(secret, int(timestamp), body).encode() for secret in secrets]
    return any(hmac.compare_digest(theirs, ours) for theirs in given for ours in expected)


def _signature(secret: str, moment: int, body: bytes) -> str:
    return f"v1={hmac.digest(secret.encode(), b'%d.' % moment + body, 'sha256').hex()}"
