import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.devtools import bootstrap
from scripts.devtools.bootstrap import BootstrapError
from scripts.devtools.settings import ROOT


def _program(folder: Path, name: str, prints: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho '{prints}'\n")
    (folder / name).chmod(0o755)


def test_an_old_python_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BootstrapError) as error:
        bootstrap.check_python((3, 9))
    assert str(error.value) == (
        "MonoQL needs Python 3.11 or newer, and python3 here is 3.9: "
        "install a newer Python (python3.11, say) and run this again."
    )


def test_a_missing_node_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BootstrapError) as error:
        bootstrap.check_node()
    assert str(error.value) == (
        "MonoQL's router needs Node 20 or newer with npm, and there is no `node` on PATH: "
        "install it and run this again."
    )


def test_an_old_node_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    _program(tmp_path, "node", "v18.19.1")
    _program(tmp_path, "npm", "9")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        BootstrapError, match=r"needs Node 20 or newer, and .*/node is v18\.19\.1: install a newer"
    ):
        bootstrap.check_node()


def test_a_broken_wheel_is_one_sentence_with_the_log(tmp_path: Path):
    log = tmp_path / "logs" / "pip.log"
    script = "import sys; print('Collecting x'); print('ERROR: Hash mismatch for x.whl'); print('bye'); sys.exit(1)"
    with pytest.raises(BootstrapError) as error:
        bootstrap.install(
            "Installing",
            [sys.executable, "-c", script],
            cwd=str(tmp_path),
            log=str(log),
            hint="check the network.",
        )
    assert str(error.value) == (
        f"Installing failed (ERROR: Hash mismatch for x.whl): check the network. The whole output is in {log}."
    )
    assert "Collecting x" in log.read_text()


def test_an_install_that_fails_once_is_tried_again(tmp_path: Path):
    script = "import pathlib, sys; p = pathlib.Path('tried'); sys.exit(0 if p.exists() else p.touch() or 1)"
    bootstrap.install(
        "Installing",
        [sys.executable, "-c", script],
        cwd=str(tmp_path),
        log=str(tmp_path / "logs" / "x.log"),
        hint="",
        attempts=2,
    )


def test_an_incomplete_checkout_is_one_sentence(tmp_path: Path):
    with pytest.raises(
        BootstrapError, match=r"requirements/dev\.txt is missing: this checkout is incomplete"
    ):
        bootstrap.prepare(str(tmp_path), node=False)


def test_nothing_is_installed_while_the_locks_are_unchanged(tmp_path: Path):
    lock = tmp_path / "requirements" / "dev.txt"
    python = tmp_path / ".venv" / "bin" / "python"
    for path in (lock, python):
        path.parent.mkdir(parents=True)
        path.write_text("content\n")
    (tmp_path / ".venv" / ".monoql-lock").write_text(hashlib.sha256(lock.read_bytes()).hexdigest())
    assert bootstrap.prepare(str(tmp_path), node=True) == str(python)
    assert not (tmp_path / ".data").exists()


def test_scripts_work_from_anywhere_and_through_a_symlink(tmp_path: Path):
    link = tmp_path / "token"
    link.symlink_to(ROOT / "scripts" / "token")
    environment = {**os.environ, "MONOQL_DATA_DIR": str(tmp_path / "data")}
    result = subprocess.run(
        [link, "fan"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count(".") == 2


@pytest.mark.parametrize("name", ["up", "down", "test", "check", "schema", "token", "sms", "status"])
def test_every_script_explains_itself(name: str):
    result = subprocess.run(
        [ROOT / "scripts" / name, "--help"], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert f"scripts/{name}" in result.stdout
