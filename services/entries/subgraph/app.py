"""Composition root of the entries subgraph."""

from collections.abc import Mapping

import httpx

from services.entries.subgraph.loaders import context_maker
from services.entries.subgraph.pace_rules import Pace
from services.entries.subgraph.schema import schema
from services.entries.subgraph.settings import Settings
from services.kit.asgi import App
from services.kit.subgraph import create_subgraph


def create_app(
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> App:
    """The entries subgraph; `transport` mounts the Entry Service in-process, `transports` other upstreams (tests)."""
    return create_subgraph(
        settings,
        schema,
        backend_url=settings.backend_url,
        make_context=context_maker(Pace(settings.submit_burst, settings.submit_per_minute)),
        transport=transport,
        transports=transports,
    )
