"""Composition root of the users subgraph."""

from collections.abc import Mapping

import httpx

from services.kit.asgi import App
from services.kit.subgraph import create_subgraph
from services.users.subgraph.loaders import make_context
from services.users.subgraph.schema import schema
from services.users.subgraph.settings import Settings


def create_app(
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> App:
    """The users subgraph; `transport` mounts the User Service in-process, `transports` other upstreams (tests)."""
    return create_subgraph(
        settings,
        schema,
        backend_url=settings.backend_url,
        make_context=make_context,
        transport=transport,
        transports=transports,
    )
