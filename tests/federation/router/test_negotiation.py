"""As what a client is answered, and what it is told of its own mistakes."""

import pytest

from tests.federation.router.conftest import System

CAMPAIGN = '{ campaign(id: "cmp_1") { id } }'
JSON = "application/json; charset=utf-8"
GRAPHQL = "application/graphql-response+json; charset=utf-8"
APOLLO = "application/graphql-response+json,application/json;q=0.9"
URQL = "application/graphql-response+json, application/graphql+json, application/json, text/event-stream"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("text/html, application/json;q=0.9", JSON),
        ("application/graphql-response+json", GRAPHQL),
        ("application/graphql-response+json, */*", GRAPHQL),
        (APOLLO, GRAPHQL),
        (URQL, GRAPHQL),
    ],
)
@pytest.mark.parametrize(
    ("query", "status"), [(CAMPAIGN, 200), ("{ nothing }", 400), ('{ campaign(id: "stack") { id } }', 200)]
)
def test_the_type_that_a_client_accepts(
    system: System, accept: str, answered: str, query: str, status: int
) -> None:
    """Who accepts plain JSON alone may take a 400 for a broken transport, so that her own mistakes stay 200."""
    answer = system.router.post(query, accept=accept)
    assert answer.headers["content-type"] == answered
    assert answer.status_code == (200 if answered == JSON else status)
    assert ("errors" in answer.json()) is (query != CAMPAIGN)


@pytest.mark.parametrize("accept", ["application/json", APOLLO])
def test_a_bad_token_is_401_in_either_type(system: System, accept: str) -> None:
    answer = system.router.post('{ campaign(id: "unauthenticated") { id } }', accept=accept)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize("accept", ["text/csv", "text/html", "image/*", "application/graphql"])
def test_who_accepts_neither_is_told(system: System, accept: str) -> None:
    answer = system.router.post(CAMPAIGN, accept=accept)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (406, "BAD_REQUEST")
