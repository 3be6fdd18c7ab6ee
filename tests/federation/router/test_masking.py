"""Whatever happens inside, a client learns a code, a sentence and a request id, and nothing of the inside."""

import httpx
import pytest

from tests.federation.router.conftest import FAILURES, System

CAMPAIGN = "query ($id: ID!) { campaign(id: $id) { id title } }"
INTERNAL = ("Internal server error", "INTERNAL_SERVER_ERROR")
AWAY = ("Part of the service is not available. Try again shortly.", "UNAVAILABLE")
OUTCOMES = {
    "stack": (200, *INTERNAL),
    "unknown-code": (200, *INTERNAL),
    "schema-drift": (200, *INTERNAL),
    "http-500": (200, *INTERNAL),
    "html": (200, *INTERNAL),
    "bad-json": (200, *INTERNAL),
    "json-null": (200, *INTERNAL),
    "json-array": (200, *INTERNAL),
    "empty": (200, *INTERNAL),
    "no-data": (200, *INTERNAL),
    "unauthenticated": (401, "The token is expired.", "UNAUTHENTICATED"),
    "signed-out": (200, "Sign in to do this.", "UNAUTHENTICATED"),
    "forbidden": (200, "You may not see this.", "FORBIDDEN"),
    "busy-problem": (503, *AWAY),
    "busy-graphql": (503, *AWAY),
    "hangs": (503, *AWAY),
}


def assert_tells_nothing(answer: httpx.Response) -> None:
    inside = (
        "campaigns",
        "127.0.0.1",
        "10.0.0.7",
        "asyncpg",
        "Traceback",
        "SELECT",
        "serviceName",
        "stacktrace",
    )
    assert [word for word in inside if word in answer.text] == []


def test_every_failure_has_an_outcome():
    assert set(FAILURES) | {"hangs"} == set(OUTCOMES)


@pytest.mark.parametrize("failure", OUTCOMES)
def test_failure_of_a_subgraph(system: System, failure: str):
    answer = system.router.post(CAMPAIGN, {"id": failure})
    status, message, code = OUTCOMES[failure]
    assert answer.status_code == status
    [error] = answer.json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == (message, code)
    assert error["extensions"] == {"code": code, "requestId": answer.headers["x-request-id"]}
    assert answer.json().get("data") in (None, {"campaign": None})
    assert_tells_nothing(answer)


def test_retry_after_of_a_busy_subgraph_reaches_the_client(system: System):
    assert system.router.post(CAMPAIGN, {"id": "busy-problem"}).headers["retry-after"] == "7"


def test_part_of_an_answer_is_an_answer(system: System):
    answer = system.router.post('{ campaign(id: "busy-problem") { id } entries { id } }')
    assert answer.status_code == 200
    assert answer.json()["data"] == {"campaign": None, "entries": [{"id": "ent_1"}]}
    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["UNAVAILABLE"]
    assert "retry-after" not in answer.headers


def test_dead_subgraph_blanks_only_its_own_fields(system_without_entries: System):
    router = system_without_entries.router
    page = router.post("query ($id: ID!) { campaign(id: $id) { title viewerEntry { id } } }", {"id": "cmp_1"})
    assert page.status_code == 200
    assert page.json()["data"] == {"campaign": {"title": "Tour", "viewerEntry": None}}
    assert [error["extensions"]["code"] for error in page.json()["errors"]] == ["UNAVAILABLE"]

    alone = router.post('mutation { submitEntry(campaignId: "cmp_1") { id } }')
    assert alone.status_code == 503
    assert alone.headers["retry-after"] == "1"
    assert_tells_nothing(alone)

    ready = router.client.get("/readyz")
    assert (ready.status_code, router.client.get("/livez").status_code) == (503, 200)
    assert_tells_nothing(ready)


def test_production_does_not_tell_the_schema(system_without_entries: System):
    router = system_without_entries.router
    [typo] = router.post("{ campain { id } }").json()["errors"]
    introspection = router.post("{ __schema { types { name } } }").json()["errors"]
    assert typo["message"] == 'Cannot query field "campain" on type "Query".'
    assert {error["extensions"]["code"] for error in introspection} == {"GRAPHQL_VALIDATION_FAILED"}
    assert router.client.get("/graphql", headers={"accept": "text/html"}).status_code == 406


def test_development_helps(system: System):
    [typo] = system.router.post("{ campain { id } }").json()["errors"]
    assert 'Did you mean "campaign"?' in typo["message"]
    assert (
        system.router.post("{ __schema { queryType { name } } }").json()["data"]["__schema"]["queryType"][
            "name"
        ]
        == "Query"
    )
    assert (
        "text/html"
        in system.router.client.get("/graphql", headers={"accept": "text/html"}).headers["content-type"]
    )
