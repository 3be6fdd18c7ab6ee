"""Looking at the `/metrics` of every process of a running stack, and remembering the last look."""

import asyncio
import json
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.devtools.run_state import RunState
from scripts.devtools.samples import Samples
from scripts.devtools.settings import LOOPBACK

_PATIENCE_SECONDS = 2.0
_OF_OURS = "postgres", "identity"


@dataclass(frozen=True)
class Look:
    """What the processes had counted at a moment (seconds since the epoch). `silent` did not answer."""

    at: float
    texts: dict[str, str]
    silent: tuple[str, ...] = ()

    @property
    def samples(self) -> Samples:
        """All processes together."""
        return Samples.parse(*self.texts.values())


async def look(state: RunState) -> Look:
    """Asks every process that counts."""
    ports = {name: process.port for name, process in state.processes.items() if name not in _OF_OURS}
    ports["router"] = state.router_metrics
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        answers = await asyncio.gather(*(_ask(client, port) for port in ports.values()))
    texts = {name: text for name, text in zip(ports, answers, strict=True) if text is not None}
    return Look(time.time(), texts, tuple(name for name in ports if name not in texts))


def last(data_dir: Path, state: RunState) -> Look | None:
    """The look that was kept last of this very stack, if any."""
    try:
        kept = json.loads(_path(data_dir).read_text())
    except (OSError, ValueError):
        return None
    return Look(kept["at"], kept["texts"]) if kept["stack"] == [state.pid, state.started] else None


def keep(data_dir: Path, state: RunState, looked: Look) -> None:
    """Keeps a look for the next one to be compared with."""
    kept = {"stack": [state.pid, state.started], "at": looked.at, "texts": looked.texts}
    _path(data_dir).write_text(json.dumps(kept))


async def _ask(client: httpx.AsyncClient, port: int | None) -> str | None:
    try:
        answer = await client.get(f"http://{LOOPBACK}:{port}/metrics")
    except httpx.HTTPError:
        return None
    return answer.text if answer.status_code == 200 else None


def _path(data_dir: Path) -> Path:
    return data_dir / "run" / "last-look.json"
