"""Writes `fan_client/`, the Python client of fans' operations, or checks that it is current.

`python -m scripts.devtools.client_package [--check]`. ariadne-codegen needs an older graphql-core than ours, and so has
an environment of its own, by the lock in requirements/client.txt.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.devtools.bootstrap import BootstrapError, install
from scripts.devtools.settings import ROOT

_PACKAGE = ROOT / "scripts" / "devtools" / "fan_client"
_LOCK = ROOT / "requirements" / "client.txt"
_HOME = ROOT / ".data" / "ariadne-codegen"
_PIP = ["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r"]


def main(arguments: list[str]) -> int:
    """The exit code: 1 when the generator fails, or with `--check` when a file is out of date."""
    try:
        _ensure_installed()
    except BootstrapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        done = _generate(Path(folder))
        if done.returncode != 0:
            print(done.stdout + done.stderr, file=sys.stderr)
            return 1
        made = Path(folder) / _PACKAGE.name
        if "--check" not in arguments:
            shutil.rmtree(_PACKAGE, ignore_errors=True)
            shutil.copytree(made, _PACKAGE)
            return 0
        stale = sorted(_files(made).items() ^ _files(_PACKAGE).items())
    for name in dict.fromkeys(name for name, _ in stale):
        print(f"{_PACKAGE.relative_to(ROOT)}/{name} is stale: run scripts/schema", file=sys.stderr)
    return 1 if stale else 0


def _generate(folder: Path) -> subprocess.CompletedProcess[str]:
    """The package in `folder`, as pyproject.toml configures it."""
    configured, here = (ROOT / "pyproject.toml").read_text(), _PACKAGE.parent.relative_to(ROOT)
    assert f'target_package_path = "{here}"' in configured
    elsewhere = configured.replace(f'target_package_path = "{here}"', f'target_package_path = "{folder}"')
    (folder / "pyproject.toml").write_text(elsewhere)
    command = [_HOME / "bin" / "ariadne-codegen", "--config", folder / "pyproject.toml", "client"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def _files(package: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in package.glob("*.py")}


def _ensure_installed() -> None:
    stamp, digest = _HOME / ".monoql-lock", hashlib.sha256(_LOCK.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    python = str(_HOME / "bin" / "python")
    for step, command in {
        "Making an environment for ariadne-codegen": [sys.executable, "-m", "venv", "--clear", str(_HOME)],
        "Installing it from requirements/client.txt": [python, *_PIP, str(_LOCK)],
    }.items():
        install(
            step,
            command,
            cwd=str(ROOT),
            log=str(ROOT / ".data" / "logs" / "ariadne-codegen.log"),
            hint="a package could not be fetched, or does not match its hash.",
            attempts=2,
        )
    stamp.write_text(digest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
