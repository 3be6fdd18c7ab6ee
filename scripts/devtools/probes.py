"""Questions asked of a running process: does it answer, does it say it is ready."""

import asyncio
import contextlib
import socket

from scripts.devtools import processes
from scripts.devtools.settings import LOOPBACK, port_setting


class PortInUseError(Exception):
    """A sentence: which port, used by what, and which setting moves ours."""


async def http_ok(port: int, path: str = "/readyz", timeout: float = 2) -> bool:
    """Whether `GET path` on this loopback port answers with a 2xx status."""
    with contextlib.suppress(OSError, ValueError, IndexError, TimeoutError):
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(
                    f"GET {path} HTTP/1.1\r\nhost: {LOOPBACK}:{port}\r\nconnection: close\r\n\r\n".encode()
                )
                await writer.drain()
                status = (await reader.readline()).split()[1]
            finally:
                writer.close()
            return 200 <= int(status) < 300
    return False


def check_ports_free(ports: dict[str, int]) -> None:
    """Refuse ports that someone listens on; the keys are process names. Raises PortInUseError for all of them."""
    sentences = [_port_in_use(name, port) for name, port in ports.items() if not is_free(port)]
    if sentences:
        raise PortInUseError("\n".join(sentences))


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now. Connections that are closing do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _port_in_use(name: str, port: int) -> str:
    pid = processes.listener(port)
    command = processes.command_line(pid) if pid else None
    who = f"process {pid} ({(command or 'unknown')[:100]})" if pid else "another process"
    return (
        f"Port {port} for {name} is in use by {who}: stop that, or set {port_setting(name)} to another port."
    )
