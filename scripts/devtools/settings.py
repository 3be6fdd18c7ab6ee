"""The development settings: `.env` at the top of the repository, and the environment, which wins."""

import os
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"

# Below 32768: a port of the ephemeral range can be taken by an outgoing connection, even one to itself.
FREE_PORTS = range(20_000, 32_000)

_PORT_NAMES = (
    "router",
    "router-metrics",
    *SERVICES,
    "worker",
    *(f"{service}-backend" for service in SERVICES),
    "identity",
    "postgres",
)


class SettingsError(Exception):
    """A sentence that names the setting and says what is wrong with it."""


@dataclass(frozen=True)
class Settings:
    """Every setting of the development stack, as text, with the ports as numbers.

    `values` is `.env` overlaid by the environment; `ports` is keyed by process name
    (`router`, `router-metrics`, `users`, …, `users-backend`, …, `worker`, `identity`, `postgres`).
    """

    values: Mapping[str, str]
    ports: Mapping[str, int]
    data_dir: Path
    root: Path = field(default=ROOT)

    def __getitem__(self, name: str) -> str:
        try:
            return self.values[name]
        except KeyError:
            raise SettingsError(f"{name} is not set: put it into .env or the environment.") from None

    def get(self, name: str) -> str | None:
        """The setting's text, or None when it is absent or empty."""
        return self.values.get(name) or None

    def url(self, name: str) -> str:
        """`http://127.0.0.1:<port of that process>`."""
        return f"http://{LOOPBACK}:{self.ports[name]}"


def load(
    *,
    free_ports: bool = False,
    data_dir: Path | None = None,
    environ: Mapping[str, str] | None = None,
    root: Path = ROOT,
) -> Settings:
    """Read `.env` and the environment. Raises SettingsError when a port is missing or not a port.

    With `free_ports` every port is a free one of this machine, whatever the settings say.
    """
    environment = os.environ if environ is None else environ
    values = {**_read_env_file(root / ".env"), **environment}
    ports = (
        dict(zip(_PORT_NAMES, find_free_ports(len(_PORT_NAMES)), strict=True))
        if free_ports
        else _ports(values)
    )
    chosen = data_dir or Path(values.get("MONOQL_DATA_DIR") or root / ".data")
    return Settings(values=values, ports=ports, data_dir=chosen.absolute(), root=root)


def port_setting(process: str) -> str:
    """The name of the setting that moves a process to another port: `users-backend` -> `USERS_BACKEND_PORT`."""
    return process.upper().replace("-", "_") + "_PORT"


def find_free_ports(count: int) -> list[int]:
    """`count` different ports of `FREE_PORTS` on which nobody listens now."""
    found: list[int] = []
    for port in random.SystemRandom().sample(FREE_PORTS, len(FREE_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise SettingsError(
        f"Fewer than {count} ports between {FREE_PORTS.start} and {FREE_PORTS.stop} are free."
    )


def _ports(values: Mapping[str, str]) -> dict[str, int]:
    ports: dict[str, int] = {}
    for name in _PORT_NAMES:
        setting = port_setting(name)
        text = values.get(setting, "")
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise SettingsError(f"{setting} must be a port between 1 and 65535, not {text!r}.")
        ports[name] = int(text)
    by_port = {port: name for name, port in ports.items()}
    for name, port in ports.items():
        if by_port[port] != name:
            raise SettingsError(f"{port_setting(name)} and {port_setting(by_port[port])} are both {port}.")
    return ports


def _read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; blank lines and `#` lines are skipped, quotes around a value are dropped."""
    if not path.exists():
        return {}
    pairs = (
        line.partition("=")
        for line in map(str.strip, path.read_text().splitlines())
        if line[:1] not in {"", "#"}
    )
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}
