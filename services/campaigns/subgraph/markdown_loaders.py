"""Renders each text once in a process: off the event loop, for long texts take a while."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from services.campaigns.subgraph.markdown_rules import html_of

_KEPT = 256


class Rendered:
    """The HTML of the Markdown texts that were asked for last. Those who ask for one at once wait for one rendering."""

    def __init__(self) -> None:
        self._html: dict[str, asyncio.Future[str]] = {}
        # One thread: what is rendered at the same moment must not starve the requests.
        self._executor = ThreadPoolExecutor(1, "markdown")

    async def html(self, markdown: str) -> str:
        """The text as safe HTML."""
        rendering = self._html.pop(markdown, None)
        if rendering is None or (rendering.done() and rendering.cancelled()):
            loop = asyncio.get_running_loop()
            rendering = asyncio.ensure_future(loop.run_in_executor(self._executor, html_of, markdown))
        self._html[markdown] = rendering  # to the end: the first is the one that was asked for longest ago
        while len(self._html) > _KEPT:
            del self._html[next(iter(self._html))]
        return await asyncio.shield(rendering)
