"""The question that only a whole system can answer."""

import asyncio
from typing import cast

import httpx

from scripts.devtools.supervisor import ProcessFailedError

READY_QUERY_ACROSS_ALL_SERVICES = """
query Ready {
  viewer { id }
  campaigns(first: 1) { edges { node { id title: slug viewerEntry { id accessCodes { id } } } } }
}
"""
"""Sent as a fan: users, campaigns, from there to entries, from there to codes."""

READY_QUERY_WITHOUT_TOKEN = "query Ready { __typename }"  # noqa: S105 - GraphQL


async def ask_across_all_services(endpoint: str, token: str | None, timeout: float) -> None:
    """Ask until the answer comes without errors. Raises ProcessFailedError with the last answer.

    Without a token only the router can be asked.
    """
    query = READY_QUERY_WITHOUT_TOKEN if token is None else READY_QUERY_ACROSS_ALL_SERVICES
    body = {"query": query, "operationName": "Ready"}
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    last = "no answer"
    try:
        async with (
            asyncio.timeout(timeout),
            httpx.AsyncClient(timeout=10, trust_env=False, headers=headers) as client,
        ):
            while True:
                try:
                    response = await client.post(endpoint, json=body)
                    last = response.text[:600]
                    if response.status_code == 200 and _is_whole(response):
                        return
                except (httpx.TransportError, ValueError) as error:
                    last = str(error) or type(error).__name__
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise ProcessFailedError(
            f"The ready query got no good answer in {timeout:.0f} s; the last was: {last}"
        ) from None


def _is_whole(response: httpx.Response) -> bool:
    answer = cast("dict[str, object]", response.json())
    return not answer.get("errors") and isinstance(answer.get("data"), dict)
