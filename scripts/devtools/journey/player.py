"""Who plays the journey: the router's endpoint, everyone's tokens, and how answers are read."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import aiohttp

from scripts.devtools.fan_client.client import FanClient
from scripts.devtools.graphql_client import GraphQLClient
from scripts.devtools.settings import Settings
from scripts.devtools.tokens import Mint

T = TypeVar("T")
R = TypeVar("R")

_POLL_SECONDS = 0.2
_PATIENCE_SECONDS = 120


class JourneyStopped(Exception):
    """An answer without which the journey cannot go on; the message quotes it."""


class Player:
    """Sends operations as this or that persona."""

    def __init__(self, settings: Settings, client: GraphQLClient) -> None:
        self.settings = settings
        self.mint = Mint.from_settings(settings)
        self.client = client
        self._staff: dict[str, str] = {}

    def token(self, persona: str) -> str:
        """The token of a member of staff, made once."""
        if persona not in self._staff:
            self._staff[persona] = self.mint.mint(persona)
        return self._staff[persona]

    def fan(self, token: str) -> FanClient:
        """The operations of a fan."""
        return FanClient(self.client, token)

    async def ask(self, persona: str, document: str, **variables: Any) -> dict[str, Any]:
        """A query's data. Raises GraphQLErrors."""
        return await self.client.query(document, variables, token=self.token(persona))

    async def do(self, persona: str, document: str, wanted: str, **fields: Any) -> dict[str, Any]:
        """The result of a mutation with this input. Raises JourneyStopped when it is not of the `wanted` type."""
        result = await self.send(self.token(persona), document, **fields)
        if result["__typename"] != wanted:
            raise JourneyStopped(f"instead of {wanted} the answer was {result}")
        return result

    async def send(self, token: str, document: str, **fields: Any) -> dict[str, Any]:
        """The result of a mutation, whatever its type."""
        data = await self.client.query(document, {"input": fields}, token=token)
        return next(iter(data.values()))

    async def until_done(
        self, what: str, poll: Callable[[], Awaitable[dict[str, Any] | None]]
    ) -> dict[str, Any]:
        """Polls a job until its state is final. Raises JourneyStopped when it fails or takes too long."""
        job = await self.until(
            f"{what} is done", poll, lambda job: job is not None and job["state"] not in ("QUEUED", "RUNNING")
        )
        if job is None or job["state"] != "SUCCEEDED":
            raise JourneyStopped(f"{what} ended as {job}")
        return job

    async def until(self, what: str, poll: Callable[[], Awaitable[T]], good: Callable[[T], bool]) -> T:
        """Polls until the answer is good. Raises JourneyStopped when that takes too long."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not good(answer := await poll()):
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise JourneyStopped(f"not so after {_PATIENCE_SECONDS} s: {what}") from None
        return answer


async def download(url: str) -> bytes:
    """The file behind a link. Raises aiohttp.ClientResponseError where there is none."""
    async with aiohttp.ClientSession(trust_env=False) as session, session.get(url) as answer:
        answer.raise_for_status()
        return await answer.read()


async def all_at_once(
    items: Iterable[T], action: Callable[[T], Awaitable[R]], *, at_most: int = 200
) -> list[R]:
    """The results of `action` for every item, `at_most` of them under way at a time, in order."""
    gate = asyncio.Semaphore(at_most)

    async def run(item: T) -> R:
        async with gate:
            return await action(item)

    return await asyncio.gather(*(run(item) for item in items))
