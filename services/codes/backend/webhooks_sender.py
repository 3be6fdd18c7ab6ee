"""Sends one webhook to an address that was looked at: resolved once, pinned, over TLS for the name in the URL."""

import asyncio
import socket
import ssl
from typing import Protocol

import httpx

from services.codes.backend import targets_rules as targets
from services.codes.backend.webhooks_rules import failure_of
from services.kit.errors import Invalid

SECONDS = 10.0
_READ_AT_MOST = 16 * 1024
# A connection kept for its address would be taken for another name there, which its certificate does not prove.
_LIMITS = httpx.Limits(max_connections=200, max_keepalive_connections=0)


class Resolver(Protocol):
    """Names to addresses."""

    async def resolve(self, host: str, port: int) -> list[str]:
        """The IP addresses of a host, in the order to try them; raises OSError."""
        ...


class SystemResolver:
    """Asks the system, as every other program does."""

    async def resolve(self, host: str, port: int) -> list[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [str(address[0]) for *_, address in found]


class WebhookSender:
    """Posts to public addresses only, in `development` to loopback too.

    The name is resolved once and the connection goes to the very address that was looked at, so a name that resolves
    to something else a moment later gains nothing. Redirects are not followed; an answer is read up to 16 KiB and
    then ignored; everything together takes 10 seconds at most. `transport` is where connections are made.
    """

    def __init__(
        self,
        *,
        development: bool,
        resolver: Resolver | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        tls: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._development = development
        self._resolver = resolver or SystemResolver()
        self._seconds = seconds
        self._client = httpx.AsyncClient(
            transport=transport
            or httpx.AsyncHTTPTransport(verify=tls or ssl.create_default_context(), limits=_LIMITS),
            timeout=httpx.Timeout(seconds, connect=5.0),
            follow_redirects=False,
            trust_env=False,
        )

    async def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int | None, str | None]:
        """The status of the answer, if one came, and why it does not count as taken: None when it does.

        Failures: BAD_URL, UNKNOWN_HOST, NOT_PUBLIC, REDIRECT, STATUS, TIMEOUT, TLS, CONNECTION.
        """
        try:
            async with asyncio.timeout(self._seconds):
                target = targets.parse_target(url, development=self._development)
                address = await self._address(target)
                if address is None:
                    return None, "NOT_PUBLIC"
                status = await self._send(target, address, body, headers)
        except Invalid:
            return None, "BAD_URL"
        except (TimeoutError, httpx.TimeoutException):
            return None, "TIMEOUT"
        except (socket.gaierror, UnicodeError):
            return None, "UNKNOWN_HOST"
        except (httpx.HTTPError, OSError) as error:
            return None, "TLS" if "SSL" in str(error) or "certificate" in str(error) else "CONNECTION"
        return status, failure_of(status)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _address(self, target: targets.Target) -> str | None:
        """The address to connect to; None when any that the name has is not public."""
        addresses = await self._resolver.resolve(target.host.strip("[]"), target.port)
        allowed = [
            targets.is_public(each) or (self._development and targets.is_loopback(each)) for each in addresses
        ]
        return addresses[0] if addresses and all(allowed) else None

    async def _send(self, target: targets.Target, address: str, body: bytes, headers: dict[str, str]) -> int:
        host = f"[{address}]" if ":" in address else address
        url = f"{target.scheme}://{host}:{target.port}{target.path}"
        extensions = {"sni_hostname": target.host.strip("[]")}
        request = self._client.build_request(
            "POST", url, content=body, headers={**headers, "host": target.authority}, extensions=extensions
        )
        answer = await self._client.send(request, stream=True)
        try:
            size = 0
            async for piece in answer.aiter_raw():
                size += len(piece)
                if size > _READ_AT_MOST:
                    break
        finally:
            await answer.aclose()
        return answer.status_code
