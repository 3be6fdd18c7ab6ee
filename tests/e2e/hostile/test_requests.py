"""Requests from somebody who means no good: a 4xx or a GraphQL error, never a 5xx, no word about the inside."""

import json
import re

import pytest

from scripts.devtools.graphql_client import GraphQLClient
from tests.support.stack import RunningStack

INTERNAL = re.compile(
    r"Traceback|\.py\b|\.mjs\b|node_modules|SELECT |INSERT |asyncpg|postgres|127\.0\.0\.1|localhost|backend"
    r"|strawberry|serviceName|ECONNREFUSED|stack",
    re.IGNORECASE,
)

BODIES: dict[str, bytes] = {
    "null": b"null",
    "number": b"1",
    "string": b'"x"',
    "array": b"[]",
    "empty": b"",
    "bad UTF-8": b'{"query":"\xff\xfe"}',
    "braces, 5,000 deep": b'{"query":"' + b"{a" * 5000 + b'"}',
    "JSON arrays, 5,000 deep": b"[" * 5000,
    "variables, 5,000 deep": b'{"query":"{ __typename }","variables":{"a":'
    + b"[" * 5000
    + b"]" * 5000
    + b"}}",
    "no such field": b'{"query":"{ nope { id } }"}',
    "no such argument": b'{"query":"{ campaign(nope: 1) { id } }"}',
    "entities from outside": b'{"query":"{ _entities(representations: []) { __typename } }"}',
    "SDL from outside": b'{"query":"{ _service { sdl } }"}',
    "two operations, no name": b'{"query":"query A { viewer { id } } query B { viewer { id } }"}',
    "NUL in an id": json.dumps({"query": 'query { campaign(id: "cmp_\\u0000") { id } }'}).encode(),
    "NUL in a variable": json.dumps(
        {"query": "query($i: ID!) { entry(id: $i) { id } }", "variables": {"i": "ent_\0"}}
    ).encode(),
    "lone surrogate": b'{"query":"query($i: ID!) { user(id: $i) { id } }","variables":{"i":"\\ud800"}}',
    "an id of 100,000 characters": json.dumps(
        {"query": "query($i: ID!) { accessCode(id: $i) { id } }", "variables": {"i": "x" * 100_000}}
    ).encode(),
    "SQL in an id": json.dumps(
        {"query": '{ campaign(slug: "\' OR 1=1; DROP TABLE campaign; --") { id } }'}
    ).encode(),
    "a page of 10,000": b'{"query":"{ campaigns(first: 10000) { nodes { id } } }"}',
    "a page of -1": b'{"query":"{ campaigns(first: -1) { nodes { id } } }"}',
    "not a cursor": b'{"query":"{ campaigns(after: \\"nonsense\\") { nodes { id } } }"}',
    "1,000 aliases": json.dumps(
        {"query": "{" + " ".join(f"a{n}: __typename" for n in range(1000)) + "}"}
    ).encode(),
    "batched": b'[{"query":"{ __typename }"},{"query":"{ __typename }"}]',
    "a literal that no number is": json.dumps(
        {"query": 'mutation { startPhoneVerification(input: {phone: "1", channel: SMS}) { __typename } }'}
    ).encode(),
    "a literal that no time is": json.dumps(
        {"query": '{ campaigns(filter: {openAt: "soon"}) { nodes { id } } }'}
    ).encode(),
    "a subscription": b'{"query":"subscription { nope }"}',
    "a huge number": b'{"query":"{ campaigns(first: 99999999999999999999) { nodes { id } } }"}',
    "2 MB": json.dumps({"query": "{ __typename }", "variables": {"a": "x" * 2_000_000}}).encode(),
}


@pytest.mark.parametrize("persona", [None, "fan"])
@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_body_is_refused_quietly(
    stack: RunningStack, client: GraphQLClient, name: str, persona: str | None
) -> None:
    answer = await client.post_raw(BODIES[name], token=stack.token(persona) if persona else None)
    assert answer.status < 500, answer.body[:500]
    text = answer.body.decode()
    for error in answer.json().get("errors") or []:
        assert error.get("extensions", {}).get("code") != "INTERNAL_SERVER_ERROR", text[:500]
    assert not INTERNAL.search(text), text[:500]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"accept": "text/html"},
        {"traceparent": "garbage"},
        {"x-request-id": "a b\tc" * 50},
        {"accept-language": "x" * 5000},
        {"sec-gpc": "maybe"},
        {"x-router-proof": "v1;1;00"},
        {"x-client-ip": "1.2.3.4, evil"},
        {"content-encoding": "gzip"},
    ],
    ids=str,
)
async def test_hostile_headers_do_no_harm(client: GraphQLClient, headers: dict[str, str]) -> None:
    answer = await client.post_raw(b'{"query":"{ campaigns(first: 1) { nodes { id } } }"}', headers=headers)
    assert answer.status < 500
    assert not INTERNAL.search(answer.body.decode(errors="replace")), answer.body[:500]


NOT_SERVED = (
    "/backend/access/check",
    "/files/users/x",
    "/files/entries/x.y",
    "/files/nope/x",
    "/files/../backend/openapi.json",
    "/openapi.json",
    "/metrics",
    "/.env",
)


@pytest.mark.parametrize("path", NOT_SERVED)
async def test_the_router_serves_nothing_else(stack: RunningStack, path: str) -> None:
    async with GraphQLClient(stack.endpoint.removesuffix("/graphql") + path) as other:
        answer = await other.post_raw(b"{}")
        assert 400 <= answer.status < 500
        assert not INTERNAL.search(answer.body.decode(errors="replace"))
