"""`compose.mjs`: its files, its check, and errors that name the subgraph and the field."""

from pathlib import Path

import pytest

from tests.federation.router.conftest import CAMPAIGNS, ENTRIES, write_graph
from tests.support.router_process import compose

BROKEN = {
    "syntax": (CAMPAIGNS + "type {", ["campaigns: line 6"]),
    "unknown type": (
        CAMPAIGNS.replace("title: String", "title: Titel"),
        ["campaigns: Campaign.title: Unknown type Titel"],
    ),
    "type mismatch": (
        CAMPAIGNS + 'type Entry @key(fields: "id") { id: Int! }',
        ["Entry.id", '"campaigns"', '"entries"'],
    ),
    "field of two": (
        CAMPAIGNS.replace("echo(", "entries(first: Int): Int echo("),
        ["Query.entries", '"campaigns"', '"entries"'],
    ),
}


def test_writes_three_graphs_and_always_the_same(tmp_path: Path):
    graph = write_graph(tmp_path, campaigns=CAMPAIGNS, entries=ENTRIES)
    turned = write_graph(tmp_path, entries=ENTRIES, campaigns=CAMPAIGNS)
    assert compose(graph, tmp_path / "a").returncode == compose(turned, tmp_path / "b").returncode == 0
    for name in ("supergraph.graphql", "public.graphql", "fan.graphql"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()
    public, fan = (
        (tmp_path / "a" / "public.graphql").read_text(),
        (tmp_path / "a" / "fan.graphql").read_text(),
    )
    assert "join__" not in public
    assert "notes" in public
    assert "notes" not in fan
    assert "title" in fan


def test_fan_contract_leaves_out_what_only_tagged_fields_lead_to(tmp_path: Path):
    admin = '@tag(name: "admin")'
    schema = CAMPAIGNS.replace("type Query {", f"type Query {{ audit: Audit {admin}") + (
        f"type Audit {{ team: Team by: Actor }} type Actor {{ id: ID }} type Team {admin} {{ name: String }}"
    )
    assert compose(write_graph(tmp_path, campaigns=schema, entries=ENTRIES), tmp_path).returncode == 0
    fan = (tmp_path / "fan.graphql").read_text()
    assert [word for word in ("Audit", "Actor", "Team") if word in fan] == []

    leaking = schema.replace(f"audit: Audit {admin}", "audit: Audit")
    done = compose(write_graph(tmp_path, campaigns=leaking, entries=ENTRIES), tmp_path)
    assert done.returncode == 1
    assert done.stderr == 'fan contract: Audit.team is not tagged "admin", but its type Team is\n'


def test_check_names_what_is_stale(tmp_path: Path):
    graph = write_graph(tmp_path, campaigns=CAMPAIGNS, entries=ENTRIES)
    assert compose(graph, tmp_path).returncode == 0
    assert compose(graph, tmp_path, "--check").returncode == 0
    changed = write_graph(
        tmp_path, campaigns=CAMPAIGNS.replace("notes: String", "notes: Int"), entries=ENTRIES
    )
    done = compose(changed, tmp_path, "--check")
    assert done.returncode == 1
    assert [line.split()[0].rsplit("/", 1)[-1] for line in done.stderr.splitlines()] == [
        "supergraph.graphql",
        "public.graphql",
    ]


@pytest.mark.parametrize("mistake", BROKEN)
def test_error_names_subgraph_and_field(tmp_path: Path, mistake: str):
    schema, words = BROKEN[mistake]
    done = compose(write_graph(tmp_path, campaigns=schema, entries=ENTRIES), tmp_path)
    assert done.returncode == 1
    assert not (tmp_path / "supergraph.graphql").exists()
    assert any(all(word in line for word in words) for line in done.stderr.splitlines()), done.stderr
    assert "    at " not in done.stderr


def test_missing_schema_file_is_named(tmp_path: Path):
    graph = write_graph(tmp_path, campaigns=CAMPAIGNS, entries=ENTRIES)
    (tmp_path / "entries.graphql").unlink()
    done = compose(graph, tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("the schema of entries cannot be read")
