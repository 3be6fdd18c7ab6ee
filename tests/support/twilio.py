"""A third party that tests cannot have: Twilio's REST API, on a port of its own, in the shape of its real answers."""

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.ports import free_port

ACCOUNT, TOKEN = "AC" + "0" * 32, "a-token-of-this-test"

Answer = Callable[[], Awaitable[Response]]

ERRORS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20429: (429, "Too Many Requests"),
    21211: (400, "The 'To' number +12125550101 is not a valid phone number."),
    21215: (400, "Account not authorized to call +12125550101."),
    21408: (
        403,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: +1212555XXXX.",
    ),
    21606: (400, "The 'From' phone number provided is not a valid message-capable Twilio phone number."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21614: (400, "'To' number is not a valid mobile number"),
    99999: (400, "Something that the dictionary did not know when this was written."),
}
"""Status and message of Twilio's errors, by code."""


def error(code: int, **headers: str) -> Answer:
    """Twilio's refusal with this code; header names are written with underscores."""
    status, message = ERRORS[code]
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }

    async def answer() -> Response:
        return JSONResponse(body, status, {name.replace("_", "-"): value for name, value in headers.items()})

    return answer


async def hang() -> Response:
    """A connection that is taken and never answered."""
    await asyncio.Event().wait()
    raise AssertionError("never comes")


def raw(status: int, body: bytes, **headers: str) -> Answer:
    """What a proxy in between might say."""

    async def answer() -> Response:
        return Response(body, status, {name.replace("_", "-"): value for name, value in headers.items()})

    return answer


@dataclass
class FakeTwilio:
    """Takes messages and calls. `answers` are given first, one a request; then everything is taken.

    `received` are the forms that came, each with its `path`.
    """

    port: int = field(default_factory=free_port)
    answers: list[Answer] = field(default_factory=list[Answer])
    received: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        base = f"/2010-04-01/Accounts/{ACCOUNT}"
        routes = [
            Route(f"{base}/Messages.json", self._endpoint(_message), methods=["POST"]),
            Route(f"{base}/Calls.json", self._endpoint(_call), methods=["POST"]),
        ]
        config = uvicorn.Config(
            Starlette(routes=routes), port=self.port, log_level="critical", ws="none", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve()), daemon=True)
        self._thread.start()
        while not self._server.started:
            self._thread.join(timeout=0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(timeout=10)

    def _endpoint(self, taken: Callable[[dict[str, str]], dict[str, Any]]) -> Any:
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()

        async def endpoint(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
            if request.headers.get("authorization") != expected:
                return await error(20003)()
            self.received.append({"path": request.url.path.rpartition("/")[2], **form})
            if self.answers:
                return await self.answers.pop(0)()
            return JSONResponse(taken(form), 201)

        return endpoint


def _message(form: dict[str, str]) -> dict[str, Any]:
    sid = "SM" + "1" * 32
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": form["Body"],
        "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
        "date_sent": None,
        "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": "queued" if "From" in form else "accepted",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media.json"},
        "to": form["To"],
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
    }


def _call(form: dict[str, str]) -> dict[str, Any]:
    sid = "CA" + "2" * 32
    return {
        "account_sid": ACCOUNT,
        "answered_by": None,
        "api_version": "2010-04-01",
        "caller_name": None,
        "date_created": None,
        "date_updated": None,
        "direction": "outbound-api",
        "duration": None,
        "end_time": None,
        "from": form["From"],
        "from_formatted": "(212) 555-0100",
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": sid,
        "start_time": None,
        "status": "queued",
        "to": form["To"],
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{sid}.json",
    }
