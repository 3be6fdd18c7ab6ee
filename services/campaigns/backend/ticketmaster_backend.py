"""The Ticketmaster Discovery API v2 as the Campaign Service calls it: artists (its attractions) and venues.

https://developer.ticketmaster.com/products-and-docs/apis/discovery-api/v2/
The key travels in the URL, and the answer to a spent quota repeats it: neither is ever logged, quoted or raised.
"""

import asyncio
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
import msgspec
from pydantic import SecretStr

from services.campaigns.backend.catalogue_wire import Near
from services.campaigns.backend.ticketmaster_wire import (
    Attraction,
    AttractionSheet,
    VenueEntry,
    VenueSheet,
)

T = TypeVar("T")
_KEY_REFUSED_SECONDS = 300.0
_LARGEST_BODY = 4 * 1024 * 1024


class NoAnswer(Exception):
    """The provider gave no answer that can be used. `wait` is how long it asked to be left alone, in seconds."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Ticketmaster:
    """Calls with one key. Every method raises NoAnswer; the searches answer a page and whether another follows.

    `timeout` is for a whole answer, so that one that drips in byte by byte is given up, too.
    """

    def __init__(self, url: str, key: SecretStr, *, timeout: float) -> None:
        self._key = key
        self._timeout = timeout
        self._client = httpx.AsyncClient(
            base_url=f"{url.rstrip('/')}/discovery/v2/",
            timeout=httpx.Timeout(timeout, connect=min(timeout, 1.0)),
            follow_redirects=False,
            trust_env=False,
        )

    async def attractions(self, search: str, *, size: int, page: int) -> tuple[list[Attraction], bool]:
        """A page of attractions by keyword, most relevant first; pages are counted from 0."""
        asked = {"keyword": search, "size": size, "page": page, "locale": "*"}
        sheet = await self._get("attractions.json", asked, AttractionSheet)
        return sheet.found.attractions, sheet.page.number + 1 < sheet.page.pages

    async def venues(
        self, search: str | None, country: str | None, near: Near | None, *, size: int, page: int
    ) -> tuple[list[VenueEntry], bool]:
        """A page of venues by keyword, country and distance; pages are counted from 0."""
        asked: dict[str, Any] = {"size": size, "page": page, "locale": "*"}
        if search:
            asked["keyword"] = search
        if country:
            asked["countryCode"] = country
        if near:
            asked["latlong"] = f"{near.latitude:.5f},{near.longitude:.5f}"
            asked |= {"radius": max(1, round(near.radius_km)), "unit": "km", "sort": "distance,asc"}
        sheet = await self._get("venues.json", asked, VenueSheet)
        return sheet.found.venues, sheet.page.number + 1 < sheet.page.pages

    async def attraction(self, id_: str) -> Attraction | None:
        """An attraction; None where there is none under that id."""
        return await self._get(f"attractions/{id_}.json", {"locale": "*"}, Attraction, or_none=True)

    async def venue(self, id_: str) -> VenueEntry | None:
        """A venue; None where there is none under that id."""
        return await self._get(f"venues/{id_}.json", {"locale": "*"}, VenueEntry, or_none=True)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _get(self, path: str, asked: dict[str, Any], returns: type[T], *, or_none: bool = False) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                status, headers, body = await self._fetch(path, asked)
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswer(type(error).__name__) from None
        if status == HTTPStatus.NOT_FOUND and or_none:
            return None
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise NoAnswer("status 429", _retry_after(headers))
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise NoAnswer(f"status {status}: the key is not accepted", wait=_KEY_REFUSED_SECONDS)
        if status != HTTPStatus.OK:
            raise NoAnswer(f"status {status}")
        try:
            return msgspec.json.decode(body, type=returns)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise NoAnswer("an answer that is not understood") from None

    async def _fetch(self, path: str, asked: dict[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        params = {**asked, "apikey": self._key.get_secret_value()}
        async with self._client.stream("GET", path, params=params) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST_BODY:
                    raise NoAnswer("an answer that is too large")
            return response.status_code, response.headers, bytes(body)


def _retry_after(headers: httpx.Headers) -> float:
    given = headers.get("retry-after", "")
    return float(given) if given.isascii() and given.isdigit() else 0.0
