from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from pydantic import SecretStr

from scripts.devtools.samples import Samples
from services.kit.errors import Conflict, Invalid, Issue, NotFound, RateLimited
from services.kit.metrics import registry
from services.kit.proof import BackendKey
from services.kit.rest import Api, Call

api = Api("Test Service", "1.2.3")


class Greeting(msgspec.Struct):
    """Whom to greet, and how often."""

    name: str
    times: int = 1


class Greeted(msgspec.Struct):
    text: str


@api.post("/greetings", Greeting, Greeted, status=201)
async def greet(call: Call[Greeting]) -> Greeted:
    """Greets somebody.

    As often as asked for.
    """
    return Greeted(f"Hello {call.body.name}! " * call.body.times)


@api.get("/greetings/{id}", Greeted, query=("limit",))
async def find(call: Call[None]) -> Greeted:
    """Finds a greeting."""
    failures: dict[str, Exception] = {
        "bug": ZeroDivisionError("SELECT secret"),
        "away": ConnectionRefusedError("127.0.0.1:5432"),
        "slow": asyncpg.QueryCanceledError("canceling statement"),
        "gone": NotFound("There is no greeting of that id."),
        "old": Conflict(7),
        "busy": RateLimited(3),
        "bad": Invalid([Issue(["id"], "BAD", "id is bad")]),
    }
    if error := failures.get(call.path("id")):
        raise error
    return Greeted(f"{call.limit()} {call.actor}")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = api.app(None, BackendKey([SecretStr("new-key"), SecretStr("old-key")]))
    headers = {"x-backend-key": "old-key"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://backend",
        headers=headers,
    ) as client:
        yield client


async def test_a_call_is_decoded_answered_and_encoded(client: httpx.AsyncClient) -> None:
    response = await client.post("/greetings", json={"name": "Ann", "ignored": True})
    assert (response.status_code, response.json()) == (201, {"text": "Hello Ann! "})


async def test_path_query_and_actor_are_at_hand(client: httpx.AsyncClient) -> None:
    response = await client.get("/greetings/1?limit=7", headers={"x-actor": "usr_1"})
    assert response.json() == {"text": "7 usr_1"}


@pytest.mark.parametrize("key", [None, "", "other", "new-ke"])
async def test_without_the_key_nothing_is_answered(client: httpx.AsyncClient, key: str | None) -> None:
    headers = {} if key is None else {"x-backend-key": key}
    client.headers.pop("x-backend-key")
    response = await client.post("/greetings", json={"name": "Ann"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("id_", "status", "code", "member"),
    [
        ("gone", 404, "NOT_FOUND", {}),
        ("old", 409, "CONFLICT", {"current_version": 7}),
        ("busy", 429, "RATE_LIMITED", {"retry_after_seconds": 3}),
        (
            "bad",
            422,
            "VALIDATION_FAILED",
            {"issues": [{"path": ["id"], "code": "BAD", "message": "id is bad"}]},
        ),
    ],
)
async def test_a_domain_error_is_a_problem(
    client: httpx.AsyncClient, id_: str, status: int, code: str, member: dict[str, Any]
) -> None:
    response = await client.get(f"/greetings/{id_}")
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)
    assert member.items() <= body.items()
    assert response.headers.get("retry-after") == ("3" if code == "RATE_LIMITED" else None)


@pytest.mark.parametrize(
    ("id_", "status", "code"),
    [
        ("bug", 500, "INTERNAL_SERVER_ERROR"),
        ("away", 503, "UNAVAILABLE"),
        ("slow", 503, "UNAVAILABLE"),
    ],
)
async def test_what_nobody_expected_is_a_problem_that_tells_nothing(
    client: httpx.AsyncClient, id_: str, status: int, code: str
) -> None:
    response = await client.get(f"/greetings/{id_}")
    assert response.headers["content-type"] == "application/problem+json"
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers.get("retry-after") == ("1" if code == "UNAVAILABLE" else None)
    assert not any(word in response.text for word in ("SELECT", "5432", "cancel"))


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"", 400, None),
        (b"null", 422, []),
        (b"[]", 422, []),
        (b"\xff", 400, None),
        (b"{", 400, None),
        (b'{"name": 7}', 422, ["name"]),
        (b'{"name": "a", "times": "many"}', 422, ["times"]),
        (b'{"name": "a", "times": 1e400}', 422, ["times"]),
        (b'{"times": 1}', 422, []),
        (b"[" * 100_000, 422, []),
        (b'{"name": "a", "more": ' + b"[" * 100_000, 400, None),
        (b'{"name": ' + b'{"a":' * 100_000, 422, ["name"]),
    ],
)
async def test_a_bad_body_is_told_where(
    client: httpx.AsyncClient, body: bytes, status: int, path: list[str] | None
) -> None:
    response = await client.post("/greetings", content=body)
    assert response.status_code == status
    assert path is None or response.json()["issues"][0]["path"] == path


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1" * 30, "٣"])
async def test_a_limit_out_of_range_is_refused(client: httpx.AsyncClient, limit: str) -> None:
    response = await client.get("/greetings/1", params={"limit": limit})
    assert (response.status_code, response.json()["issues"][0]["path"]) == (422, ["limit"])


async def test_unknown_paths_and_methods_are_problems_too(client: httpx.AsyncClient) -> None:
    for response in (await client.get("/nowhere"), await client.delete("/greetings/1")):
        assert response.headers["content-type"] == "application/problem+json"


def test_the_document_says_what_the_code_does() -> None:
    document = api.openapi()
    post = document["paths"]["/greetings"]["post"]
    assert (post["operationId"], post["summary"], post["description"]) == (
        "greet",
        "Greets somebody.",
        "As often as asked for.",
    )
    reference = post["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][reference]["required"] == ["name"]
    assert "201" in post["responses"]
    get = document["paths"]["/greetings/{id}"]["get"]
    assert [(p["name"], p["in"], p["required"]) for p in get["parameters"]] == [
        ("id", "path", True),
        ("limit", "query", False),
    ]


async def test_a_request_is_counted_under_its_route_and_never_under_its_path(
    client: httpx.AsyncClient,
) -> None:
    before = Samples.parse(registry.text().decode())
    await client.post("/greetings", json={"name": "Ann"})
    for id_ in ("1", "gone", "busy", "bug", "secret-id"):
        await client.get(f"/greetings/{id_}")
    after = Samples.parse(registry.text().decode()).since(before)
    counted = after.select("monoql_backend_request_seconds_count")
    assert {
        (dict(labels)["route"], dict(labels)["outcome"]): value for labels, value in counted.items() if value
    } == {
        ("POST /greetings", "ok"): 1,
        ("GET /greetings/{id}", "ok"): 2,
        ("GET /greetings/{id}", "refused"): 1,
        ("GET /greetings/{id}", "busy"): 1,
        ("GET /greetings/{id}", "failed"): 1,
    }
