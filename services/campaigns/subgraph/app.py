"""Composition root of the campaigns subgraph."""

from collections.abc import Mapping
from functools import partial

import httpx

from services.campaigns.subgraph.loaders import make_context
from services.campaigns.subgraph.markdown_loaders import Rendered
from services.campaigns.subgraph.schema import schema
from services.campaigns.subgraph.settings import Settings
from services.kit.asgi import App
from services.kit.subgraph import create_subgraph


def create_app(
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    transports: Mapping[str, httpx.AsyncBaseTransport] | None = None,
) -> App:
    """The subgraph; `transport` mounts the Campaign Service in-process, `transports` other upstreams (tests)."""
    return create_subgraph(
        settings,
        schema,
        backend_url=settings.backend_url,
        make_context=partial(make_context, rendered=Rendered()),
        transport=transport,
        transports=transports,
    )
