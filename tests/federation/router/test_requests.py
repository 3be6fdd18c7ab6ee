"""Requests that a client should not send, and what it hears."""

import json

import pytest

from tests.federation.router.conftest import System

JSON = {"content-type": "application/json"}
CAMPAIGN = '{ campaign(id: "cmp_1") { id } }'


def nested(levels: int) -> str:
    return '{ campaign(id: "a") ' + "{ parent " * levels + "{ id }" + " }" * levels + " }"


def query(text: str, **more: object) -> bytes:
    return json.dumps({"query": text, **more}).encode()


BODIES = {
    "null": (b"null", 400),
    "number": (b"1", 400),
    "string": (b'"x"', 400),
    "array": (b"[]", 400),
    "batch": (b"[" + query(CAMPAIGN) + b"]", 400),
    "empty": (b"", 400),
    "empty object": (b"{}", 400),
    "broken json": (b'{"query": ', 400),
    "bad utf-8": (b'{"query": "\xff\xfe"}', 400),
    "lone braces": (b"{" * 5_000, 400),
    "lone brackets": (b"[" * 5_000, 400),
    "query null": (b'{"query": null}', 400),
    "query number": (b'{"query": 1}', 400),
    "query empty": (query(""), 400),
    "variables array": (query(CAMPAIGN, variables=[]), 400),
    "variables string": (query(CAMPAIGN, variables="x"), 400),
    "extensions string": (query(CAMPAIGN, extensions="x"), 400),
    "operationName number": (query(CAMPAIGN, operationName=1), 400),
    "persisted query": (b'{"extensions": {"persistedQuery": {"sha256Hash": "x"}}}', 400),
    "too large": (query(CAMPAIGN, variables={"pad": "x" * 1_100_000}), 413),
    "query too large": (query("#" * 70_000 + CAMPAIGN), 400),
    "5,000 braces": (query("{" * 5_000), "GRAPHQL_PARSE_FAILED"),
    "nested 5,000": (query(nested(5_000)), "GRAPHQL_PARSE_FAILED"),
    "nested list literal": (query("{ echo(filter: {text: " + "[" * 5_000 + "}) }"), "GRAPHQL_PARSE_FAILED"),
    "too deep": (query(nested(30)), "GRAPHQL_VALIDATION_FAILED"),
    "not graphql": (query("hello"), "GRAPHQL_PARSE_FAILED"),
    "unknown field": (query("{ nothing }"), "GRAPHQL_VALIDATION_FAILED"),
    "too many tokens": (query("{ " + "__typename " * 2_100 + "}"), "GRAPHQL_PARSE_FAILED"),
    "too many aliases": (
        query(
            "{ "
            + " ".join(f"a{n}: __typename" for n in range(10))
            + ' campaign(id: "a") { '
            + " ".join(f"b{n}: id" for n in range(31))
            + " } }"
        ),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "too many directives": (
        query('{ campaign(id: "a") { ' + "id @include(if: true) " * 51 + "} }"),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "too many fields": (
        query("{ " + " ".join(f"a{n}: __typename" for n in range(21)) + " }"),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "aliases by fragments": (
        query(
            "{ " + " ".join('campaign(id: "a") { ...a }' for _ in range(4)) + " }"
            " fragment a on Campaign { ...b ...b } fragment b on Campaign { ...c ...c ...c }"
            " fragment c on Campaign { x: id y: id }"
        ),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "fragment circle": (
        query('{ campaign(id: "a") { ...a } } fragment a on Campaign { parent { ...a } }'),
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "variable missing": (query("query ($id: ID!) { campaign(id: $id) { id } }"), "BAD_REQUEST"),
    "variable of wrong type": (
        query("query ($f: Filter) { echo(filter: $f) }", variables={"f": {"text": {}}}),
        "BAD_REQUEST",
    ),
    "operation unnamed": (query("query A { __typename } query B { __typename }"), "BAD_REQUEST"),
    "operation unknown": (query("query A { __typename }", operationName="C"), "BAD_REQUEST"),
    "fragments only": (query("fragment a on Campaign { id }"), "BAD_REQUEST"),
    "subscription": (query("subscription { campaign }"), "GRAPHQL_VALIDATION_FAILED"),
    "prototype": (
        b'{"query": "{ __typename }", "__proto__": {"query": 1}, "variables": {"__proto__": {}}}',
        200,
    ),
}


@pytest.mark.parametrize("body", BODIES)
def test_body(system: System, body: str):
    content, expected = BODIES[body]
    answer = system.router.client.post("/graphql", content=content, headers=JSON)
    if isinstance(expected, str):
        assert answer.status_code == 200
        assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {expected}
    else:
        assert answer.status_code == expected


@pytest.mark.parametrize("depth", [200, 2_000, 30_000])
def test_deeply_nested_variables(system: System, depth: int):
    variables = '{"text": "x", "and": [' * depth + "{}" + "]}" * depth
    content = '{"query": "query ($f: Filter) { echo(filter: $f) }", "variables": {"f": ' + variables + "}}"
    answer = system.router.client.post("/graphql", content=content, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_forms_cannot_post(system: System, content_type: str | None):
    headers = {"content-type": content_type} if content_type else {}
    assert system.router.client.post("/graphql", content=query(CAMPAIGN), headers=headers).status_code == 415


def test_get_runs_queries_only_and_never_without_a_preflight(system: System):
    get = system.router.client.get
    assert get("/graphql", params={"query": CAMPAIGN}).status_code == 400
    assert get("/graphql", params={"query": CAMPAIGN}, headers=JSON).json() == {
        "data": {"campaign": {"id": "cmp_1"}}
    }
    before = len(system.entries.received)
    mutation = get(
        "/graphql", params={"query": 'mutation { submitEntry(campaignId: "a") { id } }'}, headers=JSON
    )
    assert [error["extensions"]["code"] for error in mutation.json()["errors"]] == ["BAD_REQUEST"]
    assert get("/graphql", params={"query": CAMPAIGN, "variables": "{"}, headers=JSON).status_code == 400
    assert len(system.entries.received) == before


def test_other_paths_and_methods(system: System):
    client = system.router.client
    assert client.get("/").status_code == 404
    assert client.get("/backend/campaigns").status_code == 404
    assert client.put("/graphql").status_code == 405


def test_crossing_two_subgraphs(system: System):
    page = system.router.post('{ campaign(id: "cmp_1") { title viewerEntry { id state } } }')
    assert page.json() == {
        "data": {"campaign": {"title": "Tour", "viewerEntry": {"id": "ent_1", "state": "ACCEPTED"}}}
    }
