"""From a bare checkout to a Python that has every locked dependency.

Standard library only, and old syntax only: this file runs under whatever `python3` the machine has, before
anything is installed. When nothing has changed it costs two hashes and one exec.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import typing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PYTHON_AT_LEAST = (3, 11)
NODE_AT_LEAST = 20
INSTALL_TIMEOUT_SECONDS = 900


class BootstrapError(Exception):
    """A sentence for the person at the terminal: what is missing or broken, and what to do."""


def enter(module: str, *, node: bool = False, root: str = ROOT) -> typing.NoReturn:
    """Install what is missing, then run `module` (its `main(argv)`) with the environment's Python.

    Never returns. Leaves the working directory and the arguments as they are.
    """
    try:
        check_python()
        python = prepare(root, node=node)
    except BootstrapError as error:
        sys.exit("error: " + str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH")]))
    arguments = [python, "-P", "-m", "scripts.devtools.run", module, *sys.argv[1:]]
    sys.stdout.flush()
    os.execve(python, arguments, environment)


def prepare(root: str, *, node: bool) -> str:
    """Bring `.venv` (and `gateway-config/node_modules`) in line with their locks. Return the path of Python.

    Raises BootstrapError.
    """
    python = os.path.join(root, ".venv", "bin", "python")
    lock = os.path.join(root, "requirements", "dev.txt")
    stamp = os.path.join(root, ".venv", ".monoql-lock")
    if not os.path.exists(lock):
        raise BootstrapError(f"{lock} is missing: this checkout is incomplete.")
    with _one_at_a_time(root, needed=not _is_current(lock, stamp)):
        if not (os.path.exists(python) and _is_current(lock, stamp)):
            _install_python(root, python, lock)
            _write(stamp, _digest(lock))
    package_lock = os.path.join(root, "gateway-config", "package-lock.json")
    if node and os.path.exists(package_lock):
        node_stamp = os.path.join(root, "gateway-config", "node_modules", ".monoql-lock")
        with _one_at_a_time(root, needed=not _is_current(package_lock, node_stamp)):
            if not _is_current(package_lock, node_stamp):
                check_node()
                _install_node(root)
                _write(node_stamp, _digest(package_lock))
    return python


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Refuse a Python that is too old, or go on with a newer one from PATH when there is one."""
    if version >= PYTHON_AT_LEAST:
        return
    for minor in range(19, PYTHON_AT_LEAST[1] - 1, -1):
        newer = shutil.which("python3." + str(minor))
        if newer and sys.argv and os.path.exists(sys.argv[0]):
            os.execv(newer, [newer, *sys.argv])
    raise BootstrapError(
        "MonoQL needs Python {}.{} or newer, and python3 here is {}.{}: install a newer Python "
        "(python3.11, say) and run this again.".format(*PYTHON_AT_LEAST, *version)
    )


def check_node() -> None:
    """Refuse a machine without Node, npm, or with a Node that is too old."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise BootstrapError(
            f"MonoQL's router needs Node {NODE_AT_LEAST} or newer with npm, and there is "
            f"no `{'node' if node is None else 'npm'}` on PATH: install it and run this again."
        )
    answer = subprocess.run(
        [node, "--version"], capture_output=True, text=True, timeout=30, check=False
    ).stdout
    found = re.match(r"v(\d+)", answer)
    if found is None or int(found.group(1)) < NODE_AT_LEAST:
        raise BootstrapError(
            f"MonoQL's router needs Node {NODE_AT_LEAST} or newer, and {node} is "
            f"{answer.strip() or 'not answering'}: install a newer Node and run this again."
        )


def install(step: str, command: list[str], *, cwd: str, log: str, hint: str, attempts: int = 1) -> None:
    """Run an installer with its output in `log`. Raises BootstrapError with one sentence when it fails."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    print(step + " …", file=sys.stderr, flush=True)
    failure = ""
    for _ in range(attempts):
        with open(log, "wb") as output:
            try:
                code = subprocess.run(
                    command,
                    cwd=cwd,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    timeout=INSTALL_TIMEOUT_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
        if code == 0:
            return
        failure = _last_error(log) if code is not None else f"no end after {INSTALL_TIMEOUT_SECONDS} s"
    raise BootstrapError(f"{step} failed ({failure}): {hint} The whole output is in {log}.")


def _install_python(root: str, python: str, lock: str) -> None:
    logs = os.path.join(root, ".data", "logs")
    if not os.path.exists(python):
        install(
            "Creating .venv",
            [sys.executable, "-m", "venv", os.path.join(root, ".venv")],
            cwd=root,
            log=os.path.join(logs, "venv.log"),
            hint="on Debian and Ubuntu the package python3-venv is needed.",
        )
    install(
        "Installing Python packages from requirements/dev.txt",
        [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        + ["--require-hashes", "--only-binary", ":all:", "-r", lock],
        cwd=root,
        log=os.path.join(logs, "pip.log"),
        hint="a package could not be fetched, or does not match its hash; check the network and run this again.",
        attempts=2,
    )


def _install_node(root: str) -> None:
    install(
        "Installing Node packages from gateway-config/package-lock.json",
        ["npm", "ci", "--no-audit", "--no-fund"],
        cwd=os.path.join(root, "gateway-config"),
        log=os.path.join(root, ".data", "logs", "npm.log"),
        hint="a package could not be fetched, or does not match its hash; check the network and run this again.",
        attempts=2,
    )


@contextlib.contextmanager
def _one_at_a_time(root: str, *, needed: bool) -> typing.Iterator[None]:
    """Two scripts that start at once must not install into one another."""
    if not needed:
        yield
        return
    import fcntl

    os.makedirs(os.path.join(root, ".data"), exist_ok=True)
    with open(os.path.join(root, ".data", "install.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_current(lock: str, stamp: str) -> bool:
    try:
        with open(stamp) as held:
            return held.read() == _digest(lock)
    except OSError:
        return False


def _digest(path: str) -> str:
    with open(path, "rb") as content:
        return hashlib.sha256(content.read()).hexdigest()


def _write(path: str, text: str) -> None:
    with open(path, "w") as output:
        output.write(text)


def _last_error(log: str) -> str:
    with open(log, errors="replace") as content:
        lines = [line.strip() for line in content if line.strip()]
    telling = [line for line in lines if re.match(r"(npm )?err(or)?\b", line, re.IGNORECASE)]
    return (telling or lines or ["no output"])[-1][:200]
