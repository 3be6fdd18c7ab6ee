"""The Kubernetes manifests: as written, as Kustomize renders them, and what Kubernetes' own schema says of them."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from lightkube.codecs import resource_registry

ROOT = Path(__file__).parents[2]
BASE = ROOT / "gateway-config/kubernetes/base"

Manifest = dict[str, Any]


def read(path: Path) -> list[Manifest]:
    """The documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def read_settings() -> dict[str, str]:
    """What the ConfigMap is made of."""
    lines = (BASE / "settings.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def kustomizations(folder: Path = BASE) -> Iterator[tuple[Path, Manifest]]:
    """The kustomization of a folder, and those of the folders that it takes in."""
    (own,) = read(folder / "kustomization.yaml")
    yield folder, own
    for name in own["resources"]:
        if (folder / name).is_dir():
            yield from kustomizations((folder / name).resolve())


def render() -> list[Manifest]:
    """What a cluster would be given. Skips the test, saying so, where there is nothing to render it with."""
    for command in (["kustomize", "build"], ["kubectl", "kustomize"]):
        if shutil.which(command[0]):
            done = subprocess.run([*command, BASE], capture_output=True, text=True, timeout=60, check=True)
            return list(yaml.safe_load_all(done.stdout))
    pytest.skip("did not run: neither kustomize nor kubectl is installed to render the manifests with")


def faults(manifest: Manifest) -> list[str]:
    """What Kubernetes would not take: a field it does not know, of another type than it expects, or missing."""
    model = resource_registry.load(manifest["apiVersion"], manifest["kind"])
    try:
        understood = msgspec.to_builtins(msgspec.convert(manifest, model))
    except msgspec.ValidationError as error:
        return [str(error)]
    return [f"nobody knows {path}" for path in _unknown(manifest, understood, "")]


def _unknown(given: Any, understood: Any, path: str) -> Iterator[str]:
    """The fields that a typed reading of them left out."""
    if isinstance(given, dict):
        for name, value in given.items():
            if name in understood:
                yield from _unknown(value, understood[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif isinstance(given, list):
        for index, (value, other) in enumerate(zip(given, understood, strict=True)):
            yield from _unknown(value, other, f"{path}[{index}]")
