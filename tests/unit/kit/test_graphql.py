"""The endpoint against what is not GraphQL, not allowed, or not well."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self

import httpx
import pytest
import strawberry
from pydantic import SecretStr

from scripts.devtools.samples import Samples
from services.kit.asgi import Shell
from services.kit.auth import TokenVerifier
from services.kit.documents import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS
from services.kit.errors import Invalid, Issue, RateLimited, Unavailable
from services.kit.graphql import Context, GraphQLEndpoint, build_schema
from services.kit.policy import PUBLIC, SIGNED_IN, enforce, owner
from services.kit.proof import RouterProof
from services.kit.types import ID, PhoneNumber
from services.kit.upstream import Problem
from tests.support import issuer

PROOF = RouterProof([SecretStr("s")])
loaded: list[str] = []


@strawberry.federation.type(keys=["id"])
class Thing:
    id: ID
    secret: str | None = "secret"
    required: str = "required"

    @strawberry.field
    def child(self) -> "Thing":
        return self

    @classmethod
    async def resolve_reference(cls, id: str, info: strawberry.Info) -> Self | None:
        loaded.append(id)
        return cls(id=ID(id)) if id != "gone" else None


@strawberry.type
class Query:
    @strawberry.field
    def thing(self, id: ID) -> Thing:
        return Thing(id=id)

    @strawberry.field
    def fails(self, how: str) -> str | None:
        raise {
            "bug": RuntimeError("SELECT * FROM secrets at http://internal:5432"),
            "limited": RateLimited(3),
            "unavailable": Unavailable("try later"),
            "invalid": Invalid([Issue(["a"], "BAD", "a is bad")]),
            "problem": Problem(409, "SOMETHING", "internal detail", {}),
            "failure": Problem(500, "INTERNAL_SERVER_ERROR", "internal detail", {}),
        }[how]

    @strawberry.field
    def called(self, number: PhoneNumber) -> str:
        return number

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.Event().wait()
        return "never"


schema = build_schema(Query, None, [Thing])
enforce(
    schema,
    {
        "Query.*": PUBLIC,
        "Thing.id": PUBLIC,
        "Thing.child": PUBLIC,
        "Thing.secret": owner(lambda thing: thing.id),
        "Thing.required": SIGNED_IN,
    },
)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    endpoint = GraphQLEndpoint(
        schema,
        verifier=TokenVerifier([issuer.ISSUER], issuer.AUDIENCE, transport=issuer.transport()),
        proof=PROOF,
        make_context=lambda caller: Context(access=None, **vars(caller)),  # type: ignore[arg-type]
    )

    async def ready() -> None:
        pass

    shell = Shell(endpoint, ready=ready, timeout=0.3, max_in_flight=10)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(shell), base_url="http://test") as client:
        yield client


async def post(client: httpx.AsyncClient, body: bytes, token: str = "", **headers: str) -> httpx.Response:
    authorization = f"Bearer {token}" if token else ""
    sent = {"x-router-proof": PROOF.sign(body, authorization.encode()), **headers}
    if token:
        sent["authorization"] = authorization
    return await client.post("/graphql", content=body, headers=sent)


async def ask(client: httpx.AsyncClient, query: str, token: str = "", **variables: Any) -> dict[str, Any]:
    response = await post(client, json.dumps({"query": query, "variables": variables}).encode(), token)
    return response.json()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b'[{"query":"{ __typename }"}]',
        b"{}",
        b"\xff\xfe",
        b'{"query":"\xc3\x28"}',
        b"[" * 5000,
        b'{"a":' * 5000,
        b'{"query":null}',
        b'{"query":""}',
        b'{"query":{"a":1}}',
        b'{"query":"{ __typename }","variables":[1]}',
        b'{"query":"{ __typename }","operationName":7}',
        b'{"query":"{ nope }"}',
        b'{"query":"{"}',
        b'{"query":"subscription { a }"}',
        json.dumps({"query": "{" + "thing(id:1){child{" * 2500}).encode(),
        json.dumps({"query": "{" * 5000}).encode(),
        json.dumps({"query": "query($a: ID!) { thing(id: $a) { id } }", "variables": {}}).encode(),
        json.dumps({"query": "{ a: __typename " * MAX_TOKENS}).encode(),
        json.dumps(
            {"query": "{" + " ".join(f"a{n}: __typename" for n in range(MAX_ALIASES + 1)) + "}"}
        ).encode(),
        json.dumps(
            {"query": "{ thing(id: 1) " + "{ child " * MAX_DEPTH + "{ id }" + "}" * MAX_DEPTH + "}"}
        ).encode(),
        json.dumps({"query": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}).encode(),
    ],
)
async def test_a_malformed_request_is_told_so(client: httpx.AsyncClient, body: bytes) -> None:
    response = await post(client, body)
    assert response.status_code in (200, 400)
    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes <= {"BAD_REQUEST", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}


async def test_a_literal_that_a_scalar_refuses_is_a_bad_request(client: httpx.AsyncClient) -> None:
    answer = await ask(client, '{ called(number: "123") }')
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]
    assert "+12025550123" in answer["errors"][0]["message"], "it says what would do"


async def test_more_bad_literals_than_are_told_are_a_bad_request_too(client: httpx.AsyncClient) -> None:
    answer = await ask(client, "{" + " ".join(f'a{n}: called(number: "{n}")' for n in range(20)) + "}")
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_REQUEST"}
    assert len(answer["errors"]) < 20


async def test_a_body_too_large_is_413(client: httpx.AsyncClient) -> None:
    response = await post(client, b" " * (2 * 1024 * 1024 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_only_the_router_may_ask(client: httpx.AsyncClient) -> None:
    body = b'{"query":"{ __typename }"}'
    response = await client.post("/graphql", content=body)
    assert response.status_code == 401
    replayed = {"x-router-proof": PROOF.sign(b"other body")}
    assert (await client.post("/graphql", content=body, headers=replayed)).status_code == 401


async def test_a_bad_token_is_refused_even_where_none_is_needed(client: httpx.AsyncClient) -> None:
    response = await post(client, b'{"query":"{ __typename }"}', token="bad")
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("bug", "INTERNAL_SERVER_ERROR"),
        ("problem", "BAD_REQUEST"),
        ("failure", "INTERNAL_SERVER_ERROR"),
        ("limited", "UNAVAILABLE"),
        ("unavailable", "UNAVAILABLE"),
        ("invalid", "BAD_REQUEST"),
    ],
)
async def test_errors_are_masked_but_for_those_a_caller_can_act_on(
    client: httpx.AsyncClient, how: str, code: str
) -> None:
    answer = await ask(client, "query($how: String!) { fails(how: $how) }", how=how)
    [error] = answer["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"]["requestId"]
    assert "internal" not in json.dumps(answer).lower().replace("internal_server_error", "")
    assert "SELECT" not in json.dumps(answer)


async def test_a_request_that_takes_too_long_is_given_up(client: httpx.AsyncClient) -> None:
    response = await post(client, b'{"query":"{ slow }"}')
    assert (response.status_code, response.json()["code"]) == (504, "TIMEOUT")


async def test_past_capacity_requests_are_turned_away_at_once(client: httpx.AsyncClient) -> None:
    waiting = [asyncio.create_task(post(client, b'{"query":"{ slow }"}')) for _ in range(10)]
    await asyncio.sleep(0)
    while (response := await post(client, b'{"query":"{ __typename }"}')).status_code != 503:
        await asyncio.sleep(0)
    assert response.headers["retry-after"] == "1"
    await asyncio.gather(*waiting)
    assert (await post(client, b'{"query":"{ __typename }"}')).status_code == 200


async def test_a_request_id_is_taken_over_or_made(client: httpx.AsyncClient) -> None:
    body = b'{"query":"{ __typename }"}'
    taken = await post(client, body, **{"x-request-id": "from-the-router"})
    assert taken.headers["x-request-id"] == "from-the-router"
    made = await post(client, body, **{"x-request-id": "bad id; drop"})
    assert made.headers["x-request-id"] not in ("", "bad id; drop")


async def test_unknown_representations_are_null_and_known_ones_are_answered(
    client: httpx.AsyncClient,
) -> None:
    query = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { id } } }"
    representations: list[Any] = [
        {"__typename": "Thing", "id": "a"},
        {"__typename": "Thing", "id": "gone"},
        {"__typename": "Thing"},
        {"__typename": "Thing", "id": 7},
        {"__typename": "Query"},
        {"__typename": "Nope", "id": "a"},
        {"id": "a"},
        7,
        {"__typename": "Thing", "id": "b", "info": "x", "cls": "y"},
    ]
    answer = await ask(client, query, r=representations)
    assert answer == {
        "data": {"_entities": [{"id": "a"}, None, None, None, None, None, None, None, {"id": "b"}]}
    }


@pytest.mark.parametrize("count", [100, 101])
async def test_representations_are_capped(client: httpx.AsyncClient, count: int) -> None:
    loaded.clear()
    query = "query($any: [_Any!]!) { _entities(representations: $any) { __typename } }"
    answer = await ask(client, query, any=[{"__typename": "Thing", "id": str(n)} for n in range(count)])
    assert ("errors" in answer, len(loaded)) == (count > 100, 100 if count <= 100 else 0)


async def test_a_guarded_field_is_null_with_a_reason(client: httpx.AsyncClient) -> None:
    query = "{ thing(id: 1) { id secret } }"
    anonymous, stranger = await ask(client, query), await ask(client, query, issuer.token("ann"))
    for answer, code in ((anonymous, "UNAUTHENTICATED"), (stranger, "FORBIDDEN")):
        assert answer["data"]["thing"] == {"id": "1", "secret": None}
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code]


def test_a_field_without_a_policy_fails_the_build() -> None:
    with pytest.raises(LookupError, match=r"Thing\.\w+ has no policy"):
        enforce(build_schema(Query, None, [Thing]), {"Query.*": PUBLIC})


def test_a_policy_without_a_field_fails_the_build() -> None:
    with pytest.raises(LookupError, match=r"Thing\.gone"):
        enforce(
            build_schema(Query, None, [Thing]), {"Query.*": PUBLIC, "Thing.*": PUBLIC, "Thing.gone": PUBLIC}
        )


async def test_a_request_is_counted_under_what_it_asks_for_with_whose_doing_its_outcome_is(
    client: httpx.AsyncClient,
) -> None:
    async def counted() -> Samples:
        return Samples.parse((await client.get("/metrics")).text)

    before = await counted()
    await ask(client, "{ a: thing(id: 1) { id } b: thing(id: 2) { id } __typename }")
    await ask(client, "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Thing { id } } }", r=[])
    await ask(client, '{ ...Root } fragment Root on Query { fails(how: "bug") }')
    await ask(client, '{ fails(how: "invalid") }')
    await ask(client, "{ secret }")
    await ask(client, "{ thing(id: 1) { id } }", token="no-token")
    await ask(client, "{ slow }")
    after = (await counted()).since(before)
    count = "monoql_subgraph_request_seconds_count"
    assert {
        (dict(labels)["field"], dict(labels)["outcome"]): value
        for labels, value in after.select(count).items()
        if value
    } == {
        ("thing", "ok"): 1,
        ("__typename", "ok"): 1,
        ("_entities.Thing", "ok"): 1,
        ("fails", "failed"): 1,
        ("fails", "refused"): 1,
        ("unread", "refused"): 1,
        ("unread", "unauthenticated"): 1,
        ("slow", "failed"): 1,
    }
