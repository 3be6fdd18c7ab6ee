"""Twilio as the telephone network: its Messages API for texts, its Calls API for codes that are read out."""

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import httpx
from pydantic import SecretStr

from services.kit.errors import Unavailable
from services.kit.messages import Channel, Message, Refused, Throttled
from services.kit.telemetry import log

_LONGEST_WAIT_SECONDS = 300

# What Twilio's error codes say about the number. Its dictionary: https://www.twilio.com/docs/api/errors
_REFUSALS = {
    21211: "INVALID_NUMBER",  # 'To' is no valid phone number
    21217: "INVALID_NUMBER",  # the number does not appear to be valid
    21265: "INVALID_NUMBER",  # 'To' is a short code
    21266: "INVALID_NUMBER",  # 'To' and 'From' are the same
    21214: "UNREACHABLE",  # 'To' cannot be reached
    21612: "UNREACHABLE",  # no route from 'From' to 'To'
    21614: "UNREACHABLE",  # 'To' is not a mobile number
    21635: "UNREACHABLE",  # 'To' is a landline
    21215: "COUNTRY_NOT_SERVED",  # calls to this country are not permitted
    21408: "COUNTRY_NOT_SERVED",  # messages to this country are not permitted
    21610: "OPTED_OUT",  # the recipient answered STOP
}
# What they say about us: the account, its money or its sender. Nothing is wrong with the number.
_OUR_FAULT = {
    20003,
    20005,
    20404,
    21210,
    21212,
    21213,
    21603,
    21606,
    21659,
    21660,
    21661,
    21701,
    21703,
    30002,
}
_TOO_MANY = {20429, 14107, 21611, 63038}

# The languages that `<Say>` speaks without a voice of somebody else's; others are spoken by the nearest.
_SPOKEN = {
    "en-CA": "en-CA",
    "en-GB": "en-GB",
    "en-IE": "en-GB",
    "es-MX": "es-MX",
    "es-US": "es-MX",
    "fr-CA": "fr-CA",
}


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Who sends. `sender` is a number in E.164, or the SID of a messaging service (MG…), which cannot call.

    `caller` is the number that calls come from; without one no call is made. `timeout` is in seconds, for a whole
    exchange.
    """

    sid: str
    token: SecretStr
    sender: str
    caller: str | None = None
    url: str = "https://api.twilio.com"
    timeout: float = 4.0


class TwilioSender:
    """Sends through one Twilio account. Its answers never reach a log: they repeat the number."""

    def __init__(self, account: TwilioAccount, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._account = account
        self._client = httpx.AsyncClient(
            base_url=f"{account.url.rstrip('/')}/2010-04-01/Accounts/{account.sid}",
            auth=(account.sid, account.token.get_secret_value()),
            timeout=account.timeout,
            transport=transport,
            trust_env=False,
        )

    @property
    def channels(self) -> tuple[Channel, ...]:
        return ("SMS", "VOICE") if self._account.caller else ("SMS",)

    async def send(self, message: Message) -> str:
        """Answers Twilio's SID of the message or call. Raises Refused, Throttled, Unavailable."""
        path, form = self._call(message) if message.channel == "VOICE" else self._text(message)
        try:
            async with asyncio.timeout(self._account.timeout):
                response = await self._client.post(path, data=form)
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable("The telephone network does not answer.") from error
        if response.is_success:
            return str(_members(response).get("sid", ""))
        raise _failure(response)

    def forget(self, addresses: Collection[str]) -> int:
        """Nothing is kept on this side; how long Twilio keeps messages is a setting of the account there."""
        return 0

    async def aclose(self) -> None:
        await self._client.aclose()

    def _text(self, message: Message) -> tuple[str, dict[str, str]]:
        sender = self._account.sender
        from_ = "MessagingServiceSid" if sender.startswith("MG") else "From"
        return "/Messages.json", {"To": message.to, from_: sender, "Body": message.body}

    def _call(self, message: Message) -> tuple[str, dict[str, str]]:
        if self._account.caller is None:
            raise Unavailable("No number is configured that calls could come from.")
        return "/Calls.json", {"To": message.to, "From": self._account.caller, "Twiml": _twiml(message)}


def _twiml(message: Message) -> str:
    """Says the message twice, since who writes it down has missed the beginning, and codes digit by digit."""
    slowly = re.sub(r"\d{4,}", lambda digits: ", ".join(digits[0]), message.body)
    language = _SPOKEN.get(message.locale, "en-US")
    say = f'<Say language="{language}">{escape(slowly)}</Say>'
    return f'<Response><Pause length="1"/>{say}<Pause length="2"/>{say}</Response>'


def _failure(response: httpx.Response) -> Exception:
    given = _members(response).get("code")
    code = given if isinstance(given, int) else None
    if response.status_code == 429 or code in _TOO_MANY:
        return Throttled(_retry_after(response))
    if code in _REFUSALS:
        return Refused(_REFUSALS[code])
    if (
        400 <= response.status_code < 500
        and response.status_code not in (401, 403, 404, 408)
        and code not in _OUR_FAULT
    ):
        log.warning(
            "message refused for a reason not known here", twilio_code=code, status=response.status_code
        )
        return Refused("REFUSED")
    log.error("Twilio takes no message from this account", twilio_code=code, status=response.status_code)
    return Unavailable("The telephone network does not take messages right now.")


def _retry_after(response: httpx.Response) -> float:
    """Seconds; dates and nonsense count as one."""
    given = response.headers.get("retry-after", "")
    return float(min(int(given), _LONGEST_WAIT_SECONDS)) if given.isascii() and given.isdigit() else 1.0


def _members(response: httpx.Response) -> dict[str, Any]:
    try:
        body: Any = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
