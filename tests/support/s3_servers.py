"""Two real S3 servers, each a process of its own on a free port.

`nanio` checks every signature and expiry; `moto` is the one that refuses to create what exists already. Together they
answer as the store does in production.
"""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import httpx
import pytest
from obstore.store import S3Store

from tests.support import run
from tests.support.ports import free_port

S3Name = Literal["moto", "nanio"]
BUCKET = "presale"
_FOLDER = Path(__file__).with_name("s3")
_ACCESS_KEY, _SECRET_KEY = "AKIDTESTS", "a-secret-of-the-tests"
_START_SECONDS = 60


@dataclass(frozen=True)
class S3Server:
    """A running server with one bucket."""

    name: S3Name
    url: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which a store of `s3://` finds it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": _SECRET_KEY,
            "AWS_ALLOW_HTTP": "true",
        }

    def store(self, *, secret: str = _SECRET_KEY) -> S3Store:
        """The bucket, as the holder of `secret`."""
        return S3Store(
            BUCKET,
            endpoint=self.url,
            region="us-east-1",
            access_key_id=_ACCESS_KEY,
            secret_access_key=secret,
            client_options={"allow_http": True},
        )


@contextmanager
def start_s3(name: S3Name, data_dir: Path) -> Generator[S3Server]:
    """The server for the time of the context; `nanio` keeps its objects in `data_dir`."""
    _ensure_installed()
    port = free_port()
    (data_dir / BUCKET).mkdir(parents=True, exist_ok=True)
    programs = _FOLDER / ".venv" / "bin"
    command = {
        "moto": [programs / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
        "nanio": [programs / "nanio", "serve", "--host", "127.0.0.1", "--port", str(port)],
    }[name]
    environment = {
        "PATH": os.environ["PATH"],
        "NANIO_DATA_DIR": str(data_dir),
        "NANIO_ACCESS_KEY": _ACCESS_KEY,
        "NANIO_SECRET_KEY": _SECRET_KEY,
    }
    log = data_dir.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        server = S3Server(name, f"http://127.0.0.1:{port}")
        _await_answer(server, process, log)
        if name == "moto":
            httpx.put(f"{server.url}/{BUCKET}", trust_env=False, timeout=10).raise_for_status()
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session", params=get_args(S3Name))
def s3(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[S3Server]:
    """Each of the servers in turn; all tests of a worker share its bucket."""
    with start_s3(request.param, tmp_path_factory.mktemp("s3") / "objects") as server:
        yield server


@pytest.fixture
def s3_url(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A `FILES_URL` in the bucket for one test alone, with the environment that leads there."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{secrets.token_hex(8)}"


def _await_answer(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(server.url, trust_env=False, timeout=10)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"{server.name} did not start:\n{log.read_text()}")


def _ensure_installed() -> None:
    home = _FOLDER / ".venv"
    run.install_once(
        "Installing the S3 servers of the tests",
        _FOLDER / "requirements.txt",
        home,
        [sys.executable, "-m", "venv", str(home)],
        [str(home / "bin" / "pip"), "install", "--disable-pip-version-check", "--no-input"]
        + ["--require-hashes", "--only-binary", ":all:", "-r", "requirements.txt"],
    )
