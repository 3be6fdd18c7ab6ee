"""The four services have one shape, and each kind of thing is where ARCHITECTURE.md says."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services import SERVICES

ROOT = Path(__file__).parents[2]

SHAPE = {
    "README.md",
    "__init__.py",
    "schema.graphql",
    "openapi.json",
    "permissions.toml",
    "personal_data.toml",
    *(
        f"subgraph/{name}.py"
        for name in ("__init__", "app", "settings", "schema", "types", "loaders", "policy", "backend")
    ),
    "subgraph/mutations/__init__.py",
    *(
        f"backend/{name}.py"
        for name in (
            "__init__",
            "app",
            "settings",
            "routes",
            "wire",
            "rules",
            "sealed_rules",
            "store",
            "jobs",
        )
    ),
    "backend/queries.sql",
    "backend/migrations/env.py",
}
# What a service may have beside: `<noun>_<role>` splits, mutations, migrations, data files.
ROLES = "routes|wire|rules|store|jobs|types|loaders|policy|backend|messages|sender|writer|provider|settings"
EXTRA = re.compile(
    rf"(backend|subgraph)/[a-z]+(_[a-z]+)*_({ROLES})\.py"
    r"|backend/[a-z_]+\.sql"
    r"|subgraph/mutations/[a-z]+(_[a-z]+)+\.py"
    r"|backend/migrations/versions/\d{4}_[a-z_]+\.py"
    r"|backend/data/[\w.]+"
)


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return tuple(ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists())


def sources(folder: str, suffix: str = ".py") -> Iterator[Path]:
    yield from (path for path in tracked() if path.is_relative_to(ROOT / folder) and path.suffix == suffix)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_shape(service: str) -> None:
    base = ROOT / "services" / service
    files = {str(path.relative_to(base)) for path in tracked() if path.is_relative_to(base)}
    assert SHAPE - files == set(), "missing"
    assert {name for name in files - SHAPE if not EXTRA.fullmatch(name)} == set(), "not part of the shape"


def test_nothing_else_stands_at_the_top() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked() if len(path.relative_to(ROOT).parts) > 1}
    assert folders <= {".ci", "services", "gateway-config", "scripts", "tests", "requirements"}


def test_no_file_is_named_for_leftovers() -> None:
    assert [path.name for path in tracked() if path.stem in ("utils", "helpers", "common", "misc")] == []


def test_no_source_file_passes_400_lines() -> None:
    generated = ROOT / "scripts/devtools/fan_client"
    code = [
        path
        for path in tracked()
        if path.suffix in (".py", ".mjs", ".sql") and not path.is_relative_to(generated)
    ]
    assert [f"{path.name}: {n}" for path in code if (n := path.read_text().count("\n")) > 400] == []


SQL = re.compile(r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b")


def test_sql_lives_in_stores_and_query_files() -> None:
    allowed = re.compile(r"(store\.py|/migrations/|kit/(pg|jobs|migrations|idempotency|outbox|rotation)\.py)")
    found = [
        f"{path.relative_to(ROOT)}: {node.value[:60]!r}"
        for path in sources("services")
        if not allowed.search(str(path))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert found == []


def test_only_backend_py_of_a_subgraph_knows_http_paths() -> None:
    path_like = re.compile(r"^/[a-z]+[a-z/{}_-]*$")
    found = [
        f"{path.relative_to(ROOT)}: {node.value!r}"
        for service in SERVICES
        for path in sources(f"services/{service}/subgraph")
        if not path.name.endswith("backend.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and path_like.match(node.value)
    ]
    assert found == []


def test_resolvers_are_short() -> None:
    """A resolver parses, calls one function, returns: what is longer belongs to the backend or a loader."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for service in SERVICES
        for path in sources(f"services/{service}/subgraph")
        if path.name == "schema.py" or path.name.endswith("types.py") or "mutations" in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno > 30
    ]
    assert found == []


def test_no_import_has_side_effects() -> None:
    """Importing must not read the environment or open anything: `create_app` is where things begin."""
    wild = re.compile(r"^(os\.environ|open\(|asyncio\.run|create_app\(|Settings\.load\()", re.MULTILINE)
    assert [
        str(path.relative_to(ROOT)) for path in sources("services") if wild.search(path.read_text())
    ] == []


def test_no_bare_except_and_no_todo() -> None:
    pattern = re.compile(r"except:\s|\bTODO\b|\bFIXME\b|NotImplementedError")
    code = [*sources("services"), *sources("scripts"), *sources("gateway-config", ".mjs")]
    assert [str(path.relative_to(ROOT)) for path in code if pattern.search(path.read_text())] == []


def test_locks_say_what_not_from_where() -> None:
    python = [*(ROOT / "requirements").glob("*.txt"), ROOT / "tests/support/s3/requirements.txt"]
    assert python
    assert [path.name for path in python if re.search(r"index-url|https?://", path.read_text())] == []
    node = [path for path in tracked() if path.name == "package-lock.json"]
    assert len(node) > 1
    assert [str(path.relative_to(ROOT)) for path in node if '"resolved"' in path.read_text()] == []
