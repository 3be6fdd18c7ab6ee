"""A small GraphQL client for the scripts: asks the router as a frontend would, and raises what it answers as errors."""

import copy
import io
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp

from scripts.devtools.routers import fan_path

_LARGE = 1_000_000  # bytes, from which on they are sent in pieces


class GraphQLErrors(Exception):
    """The router answered with errors. `codes` are theirs, in order; `errors` and `data` are as they came."""

    def __init__(self, status: int, errors: list[dict[str, Any]], data: dict[str, Any] | None = None) -> None:
        self.status = status
        self.errors = errors
        self.data = data
        self.codes = [str(error.get("extensions", {}).get("code")) for error in errors]
        told = "; ".join(
            f"{code}: {error.get('message')}" for code, error in zip(self.codes, errors, strict=True)
        )
        super().__init__(f"HTTP {status}, {told}")


@dataclass(frozen=True)
class RawAnswer:
    """An HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The decoded body. Raises ValueError."""
        return json.loads(self.body)


class GraphQLClient:
    """Speaks to one endpoint over at most `connections` connections.

    >>> async with GraphQLClient(endpoint) as client:
    ...     data = await client.query("{ viewer { id } }", token=token)
    """

    def __init__(self, endpoint: str, *, timeout: float = 15.0, connections: int = 64) -> None:
        self.endpoint = endpoint
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Below the 5 s after which Node closes an idle connection, and not what the environment says of proxies.
        connector = aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=3)
        self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def of_fans(self) -> Self:
        """Speaks to the endpoint of fans, of the router that `ROUTER` names, over the same connections."""
        other = copy.copy(self)
        other.endpoint = urljoin(self.endpoint, fan_path(os.environ))
        return other

    async def query(
        self,
        document: str,
        variables: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The answer's `data`. Raises GraphQLErrors when it has errors, or is no GraphQL answer."""
        body = json.dumps({"query": document, "variables": variables or {}}).encode()
        raw = await self.post_raw(body, token=token, headers=headers)
        try:
            answer = raw.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not ("data" in answer or "errors" in answer):
            text = raw.body[:300].decode(errors="replace")
            raise GraphQLErrors(raw.status, [{"message": f"not a GraphQL answer: {text}"}])
        if errors := answer.get("errors"):
            raise GraphQLErrors(raw.status, errors, answer.get("data"))
        return answer["data"]

    async def post_raw(
        self, body: bytes, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> RawAnswer:
        """POST any bytes at all; `headers` are added to the usual ones, or replace them."""
        assert self._session is not None, "use `async with GraphQLClient(…)`"
        sent = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        data = body if len(body) < _LARGE else io.BytesIO(body)
        async with self._session.post(
            self.endpoint, data=data, headers={**sent, **(headers or {})}
        ) as response:
            return RawAnswer(response.status, dict(response.headers), await response.read())
