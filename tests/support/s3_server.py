"""nanio, an S3 server that checks signatures, as a process on a free port. It ignores conditions on a PUT: no test may
take it for a store that keeps a second writer out.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import obstore
from obstore.store import S3Store

from tests.support.ports import free_port

_START_SECONDS = 20
BUCKET = "exports"


@dataclass(frozen=True)
class S3Server:
    """Where it listens, and the one key pair that it knows."""

    port: int
    access_key: str = "a-test-key"
    secret_key: str = "a-test-secret"

    def environment(self) -> dict[str, str]:
        """What a process needs to be told to use it; `FILES_URL` is then `s3://exports/some-prefix`."""
        return {
            "AWS_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def store(self, secret_key: str | None = None) -> S3Store:
        """The bucket, as whoever has this secret."""
        return S3Store(
            BUCKET,
            endpoint=f"http://127.0.0.1:{self.port}",
            region="us-east-1",
            access_key_id=self.access_key,
            secret_access_key=secret_key or self.secret_key,
            client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """The server over `folder`, with an empty bucket, for the time of the context."""
    server = S3Server(free_port())
    (folder / BUCKET).mkdir(parents=True)
    command = [
        "-m",
        "nanio",
        "serve",
        "--data-dir",
        str(folder),
        "--host",
        "127.0.0.1",
        "--port",
        str(server.port),
    ]
    process = subprocess.Popen(
        [sys.executable, *command, "--no-access-log", "--log-level", "error"],
        env={
            "PATH": os.environ["PATH"],
            "NANIO_ACCESS_KEY": server.access_key,
            "NANIO_SECRET_KEY": server.secret_key,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _await(process, server)
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _await(process: subprocess.Popen[bytes], server: S3Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"http://127.0.0.1:{server.port}/", trust_env=False, timeout=2)
            list(obstore.list(server.store()))
            return
        except (httpx.TransportError, obstore.exceptions.BaseError):
            time.sleep(0.05)
    process.kill()
    raise RuntimeError(f"nanio did not start:\n{process.communicate()[1].decode()}")
