"""Free TCP ports for processes that tests start."""

import os
import random
import socket

_RANGE = range(20_000, 32_000)
"""Below the ephemeral range: a port inside it can end up connected to itself."""

_random = random.Random(os.urandom(8))
_taken: set[int] = set()


def free_port() -> int:
    """A loopback port that nothing listens on, never the same one twice in a process."""
    for port in _random.sample(_RANGE, len(_RANGE)):
        if port not in _taken and _is_free(port):
            _taken.add(port)
            return port
    raise RuntimeError("no free port between 20000 and 31999")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
