"""From a bare checkout to a Python that has every locked dependency.

Standard library only, and old syntax only: this file runs under whatever `python3` the machine has, before
anything is installed. When nothing has changed it costs two hashes and one exec.
"""

from __future__ import annotations

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

# How to install, by which lock file, and the stamp that says for which state of it that was done.
Step = typing.Tuple[typing.Callable[[str, str, str], None], str, str]  # old syntax: evaluated at run time


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
    lock = os.path.join(root, "requirements", "dev.txt")
    if not os.path.exists(lock):
        raise BootstrapError(f"{lock} is missing: this checkout is incomplete.")
    steps: list[Step] = [(_ensure_python, lock, os.path.join(root, ".venv", ".monoql-lock"))]
    package_lock = os.path.join(root, "gateway-config", "package-lock.json")
    if node and os.path.exists(package_lock):
        node_stamp = os.path.join(root, "gateway-config", "node_modules", ".monoql-lock")
        steps.append((_ensure_node, package_lock, node_stamp))
    if not all(_is_current(lock, stamp) for _, lock, stamp in steps) or not os.path.exists(_python(root)):
        _install_together(root, steps)
    return _python(root)


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Refuse a Python that is too old, or go on with a newer one from PATH when there is one."""
    if version >= PYTHON_AT_LEAST:
        return
    for minor in range(19, PYTHON_AT_LEAST[1] - 1, -1):
        newer = shutil.which("python3." + str(minor))
        if newer and os.path.exists(sys.argv[0]) and _runs(newer):
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


def _ensure_python(root: str, lock: str, stamp: str) -> None:
    logs = os.path.join(root, ".data", "logs")
    python = _python(root)
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
    _write(stamp, _digest(lock))


def _ensure_node(root: str, lock: str, stamp: str) -> None:
    check_node()
    install(
        "Installing Node packages from gateway-config/package-lock.json",
        ["npm", "ci", "--no-audit", "--no-fund"],
        cwd=os.path.dirname(lock),
        log=os.path.join(root, ".data", "logs", "npm.log"),
        hint="a package could not be fetched, or does not match its hash; check the network and run this again.",
        attempts=2,
    )
    _write(stamp, _digest(lock))


def _install_together(root: str, steps: list[Step]) -> None:
    """Install side by side, but for one script at a time: two that start at once must not mix."""
    import fcntl
    from concurrent.futures import ThreadPoolExecutor

    os.makedirs(os.path.join(root, ".data"), exist_ok=True)
    with open(os.path.join(root, ".data", "install.lock"), "w") as held, ThreadPoolExecutor() as pool:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not os.path.exists(_python(root)) and os.path.exists(steps[0][2]):
            os.remove(steps[0][2])
        due = [step for step in steps if not _is_current(step[1], step[2])]
        for result in [pool.submit(ensure, root, lock, stamp) for ensure, lock, stamp in due]:
            result.result()


def _python(root: str) -> str:
    return os.path.join(root, ".venv", "bin", "python")


def _runs(python: str) -> bool:
    """Whether this is a Python that starts: a version manager's shim may be there for one that is not installed."""
    try:
        return (
            subprocess.run([python, "-c", ""], capture_output=True, timeout=30, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


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
