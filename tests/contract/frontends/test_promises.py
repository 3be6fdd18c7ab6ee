"""What frontends were promised: their documents are served, and no change takes from them without having said so."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from inline_snapshot import snapshot

from tests.contract.frontends.promises import GATEWAY, Promises, replace

CITY = '  """The city it is in or near."""\n  city: String!\n'


@pytest.fixture
def promises(tmp_path: Path) -> Promises:
    return Promises.copied(tmp_path)


def test_what_is_checked_in_holds(promises: Promises) -> None:
    assert promises.run("check").stderr == ""
    assert promises.run("diff").stdout == "Nothing has changed for frontends since the last release.\n"


@pytest.mark.parametrize(("folder", "contract"), [("fan", "fan"), ("admin", "public")])
def test_frontends_documents_have_every_mutation(folder: str, contract: str) -> None:
    schemas = {name: build_schema((GATEWAY / f"{name}.graphql").read_text()) for name in ("fan", "public")}
    mutations = {
        name: set(schema.mutation_type.fields) for name, schema in schemas.items() if schema.mutation_type
    }
    fans_own = mutations["fan"] if folder == "admin" else set()

    sent: set[str] = set()
    for path in (GATEWAY / "operations" / folder).iterdir():
        for node in parse(path.read_text()).definitions:
            if isinstance(node, OperationDefinitionNode) and node.operation.value == "mutation":
                sent |= {field.name.value for field in node.selection_set.selections}  # type: ignore[attr-defined]

    assert sent == mutations[contract] - fans_own


def test_a_registered_document_is_known_by_the_hash_of_its_text() -> None:
    manifest = json.loads((GATEWAY / "persisted.json").read_text())

    assert {one["name"] for one in manifest["operations"]} > {"SubmitEntry", "CampaignPage", "MyCode"}
    assert all(one["id"] == sha256(one["body"].encode()).hexdigest() for one in manifest["operations"])


def test_a_removed_field_fails_with_the_operations_that_it_breaks(promises: Promises) -> None:
    replace(promises.graph, CITY, "", inside="type Venue")

    done = promises.run("check")

    assert done.returncode == 1
    assert "operation fan/CampaignPage is not served" in done.stderr
    assert "breaking (public, fan): Field 'city' was removed from object type 'Venue'" in done.stderr
    assert "breaks admin/CampaignEditor, admin/VenueSearch, fan/CampaignPage" in done.stderr
    assert "refused: the last release did not deprecate it" in done.stderr
    assert "`Venue.city`" in done.stderr


def test_a_field_that_nobody_asks_for_is_not_removed_either_before_it_was_deprecated(
    promises: Promises,
) -> None:
    query = promises.folder / "operations" / "admin" / "code_holder.graphql"
    query.write_text("query CodeHolder($value: String!) { accessCodeByValue(value: $value) { id } }")
    replace(promises.graph, "  supersedes: AccessCode", "  precedes: AccessCode", inside="type AccessCode")
    promises.note("`AccessCode.supersedes` is gone.")

    done = promises.run("check")

    assert done.returncode == 1
    assert "the last release did not deprecate it" in done.stderr
    assert "breaks " not in done.stderr


def test_what_a_release_deprecated_may_go_with_a_line_in_the_changelog(promises: Promises) -> None:
    for path, there in ((promises.released, True), (promises.graph, False)):
        old = '  capital: String @deprecated(reason: "Nobody knows.")\n' if there else ""
        replace(path, "  city: String!\n", f"  city: String!\n{old}", inside="type Venue")

    refused = promises.run("check")
    promises.note("`Venue.capital` is gone; nobody knew.")
    allowed = promises.run("check")

    assert refused.returncode == 1
    assert "CHANGELOG.md has no line about `Venue.capital`" in refused.stderr
    assert "did not deprecate" not in refused.stderr
    assert (allowed.returncode, allowed.stderr) == (0, "")


def test_what_a_release_deprecated_stays_while_a_frontend_asks_for_it(promises: Promises) -> None:
    replace(
        promises.released,
        "  city: String!\n",
        '  city: String! @deprecated(reason: "x")\n',
        inside="type Venue",
    )
    replace(promises.graph, CITY, "", inside="type Venue")
    promises.note("`Venue.city` is gone.")

    assert "refused: checked-in operations still use it" in promises.run("check").stderr


@pytest.mark.parametrize(
    ("inside", "old", "new", "told"),
    [
        (
            "type Venue",
            "city: String!",
            "city: String",
            "breaks admin/CampaignEditor, admin/VenueSearch, fan/CampaignPage",
        ),
        (
            "input SubmitEntryInput",
            "campaignId: ID!",
            "campaignId: ID!\n  seat: String!",
            "breaks fan/SubmitEntry",
        ),
        (
            "input SubmitEntryInput",
            "ticketQuantity: Int = null",
            "ticketQuantity: Int!",
            "breaks fan/SubmitEntry",
        ),
        ("enum UploadPurpose", "HERO_IMAGE ", "PICTURE ", "breaks admin/CreateUpload"),
    ],
)
def test_what_cannot_be_deprecated_first_is_never_done(
    promises: Promises, inside: str, old: str, new: str, told: str
) -> None:
    replace(promises.graph, old, new, inside=inside)

    done = promises.run("check")

    assert done.returncode == 1
    assert told in done.stderr
    assert "refused: " in done.stderr


def test_what_is_hidden_from_fans_breaks_fans_alone(promises: Promises) -> None:
    replace(promises.graph, "  city: String!\n", '  city: String! @tag(name: "admin")\n', inside="type Venue")

    done = promises.run("check")

    assert "breaking (fan): Field 'city' was removed from object type 'Venue'" in done.stderr
    assert "breaks fan/CampaignPage\n" in done.stderr
    assert "admin/VenueSearch" not in done.stderr


def test_what_is_new_is_safe_and_said_to_a_developer(promises: Promises) -> None:
    replace(promises.graph, "  city: String!\n", "  city: String!\n  quarter: String\n", inside="type Venue")
    replace(
        promises.graph,
        "HERO_IMAGE ",
        "HERO_IMAGE @join__enumValue(graph: CAMPAIGNS)\n  POSTER ",
        inside="enum UploadPurpose",
    )

    assert promises.run("check").returncode == 0
    assert promises.run("diff").stdout == snapshot("""\
campaigns
  dangerous (public): Enum value 'POSTER' was added to enum 'UploadPurpose'
    concerns admin/CreateUpload
  safe (public, fan): Field 'quarter' was added to object type 'Venue'
0 breaking, 1 dangerous, 1 safe
""")


def test_no_release_is_made_of_what_breaks(promises: Promises) -> None:
    before = promises.released.read_text()
    replace(promises.graph, CITY, "", inside="type Venue")

    assert promises.run("release").returncode == 1
    assert promises.released.read_text() == before


def test_a_release_is_what_later_changes_are_held_against(promises: Promises) -> None:
    replace(promises.graph, "  city: String!\n", "  city: String!\n  quarter: String\n", inside="type Venue")

    assert promises.run("release").returncode == 0
    assert promises.released.read_text() == promises.graph.read_text()
    assert promises.run("diff").stdout == "Nothing has changed for frontends since the last release.\n"


def test_what_frontends_that_are_out_there_send_stays_registered_and_served(promises: Promises) -> None:
    manifest = promises.folder / "persisted.json"
    before = {one["id"] for one in json.loads(manifest.read_text())["operations"]}
    page = promises.folder / "operations" / "fan" / "campaign_page.graphql"
    page.write_text("query CampaignPage($slug: String!) { campaign(slug: $slug) { id } }")

    assert promises.run("write").returncode == 0
    assert before < {one["id"] for one in json.loads(manifest.read_text())["operations"]}

    replace(promises.graph, CITY, "", inside="type Venue")
    assert "operation fan/CampaignPage of an earlier release (" in promises.run("check").stderr


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        (
            "fan/viewer.graphql",
            "query Viewer { viewer { shoeSize } }",
            "operation fan/Viewer is not served: Cannot query",
        ),
        ("fan/viewer.graphql", "query Viewer { viewer { teams { webhooks { id } } } }", "Cannot query field"),
        ("fan/viewer.graphql", "query Viewer { viewer { id", "operations/fan/viewer.graphql: Syntax Error"),
        ("fan/viewer.graphql", "query Other { viewer { id } }", "is to be named other.graphql"),
        ("fan/viewer.graphql", "query Viewer { viewer { id } }", "persisted.json is stale"),
    ],
)
def test_a_document_that_is_not_served_is_named(promises: Promises, file: str, text: str, told: str) -> None:
    (promises.folder / "operations" / file).write_text(text)

    done = promises.run("check")

    assert done.returncode != 0
    assert told in done.stderr
