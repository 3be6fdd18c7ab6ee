"""Frontends as others write them: Apollo Client and urql over the generated operations, in Node and in Chromium."""

import json
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support import run
from tests.support.ports import free_port

FOLDER = Path(__file__).with_name("clients")
_BIN = FOLDER / "node_modules" / ".bin"


class FrontendFailed(Exception):
    """What the program wrote on its way out."""


def ensure_installed() -> None:
    """Their packages are there."""
    run.install_once(
        "Installing the GraphQL clients of the tests",
        FOLDER / "package-lock.json",
        FOLDER / "node_modules",
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    )


def compile_strictly() -> subprocess.CompletedProcess[str]:
    """`tsc`: what it complains of is in `stdout`."""
    return _run(_BIN / "tsc", "--project", ".")


def bundle(folder: Path) -> None:
    """Writes `apollo.js`, `urql.js` and the page that loads the first into the folder."""
    options = ["--bundle", "--format=esm", f"--outdir={folder}", "--log-level=error"]
    _checked(_run(_BIN / "esbuild", "apollo.ts", "urql.ts", *options))
    shutil.copy(FOLDER / "page.html", folder / "index.html")


def in_node(bundle: Path, fan: dict[str, str]) -> Any:
    """What a fan is shown who registers. Raises FrontendFailed."""
    return json.loads(_checked(_run("node", "node.mjs", bundle, json.dumps(fan))))


def in_chromium(executable: str, url: str, fan: dict[str, str]) -> Any:
    """What a fan is shown who registers on that page, or `{"refused": …}`."""
    return json.loads(_checked(_run("node", "chromium.mjs", executable, url, json.dumps(fan))))


@contextmanager
def served(folder: Path, port: int | None = None) -> Generator[str]:
    """The folder's files at an origin of their own, for the time of the context."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", port or free_port()), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False)


def _checked(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode != 0:
        raise FrontendFailed(done.stdout + done.stderr)
    return done.stdout
