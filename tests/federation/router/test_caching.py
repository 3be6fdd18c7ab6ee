"""Public content by GET can be kept by browsers and CDNs, and is never shown past an edit; nothing else can be kept."""

import httpx
import pytest

from tests.federation.router.conftest import TITLES, System

PAGE = "query Page($id: ID!) { campaign(id: $id) { id title } }"
KEPT = "public, max-age=0, must-revalidate"
VARY = {"accept", "accept-language", "authorization", "origin"}


def get(system: System, id_: str = "cmp_1", query: str = PAGE, **headers: str) -> httpx.Response:
    """The page as a frontend's fetch sends it: `apollo-require-preflight` keeps other sites' forms and images out."""
    sent = {"apollo-require-preflight": "1"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return system.router.client.get(
        "/graphql", params={"query": query, "variables": f'{{"id": "{id_}"}}'}, headers=sent
    )


def vary(answer: httpx.Response) -> set[str]:
    return {name.strip().lower() for name in answer.headers.get("vary", "").split(",")}


def test_public_content_has_a_tag_and_is_asked_for_again(system: System) -> None:
    answer = get(system)
    assert answer.json() == {"data": {"campaign": {"id": "cmp_1", "title": "Tour"}}}
    assert answer.headers["cache-control"] == KEPT
    assert vary(answer) == VARY
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = get(system, if_none_match=known)
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"], vary(again)) == (tag, KEPT, VARY)
    assert get(system, if_none_match='"other"').status_code == 200
    assert get(system, "cmp_2").headers["etag"] != tag
    assert get(system, accept="application/graphql-response+json").headers["etag"] != tag


def test_an_edit_is_seen_at_once(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    before = get(system, "edited")
    monkeypatch.setitem(TITLES, "edited", "Another tour")
    after = get(system, "edited", if_none_match=before.headers["etag"])
    assert (after.status_code, after.json()["data"]["campaign"]["title"]) == (200, "Another tour")
    monkeypatch.delitem(TITLES, "edited")
    assert get(system, "edited", if_none_match=before.headers["etag"]).status_code == 304


def test_what_a_token_sees_is_nobody_elses(system: System) -> None:
    tag = get(system).headers["etag"]
    answer = get(system, authorization="Bearer x", if_none_match=tag)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-store"
    assert "etag" not in answer.headers
    assert vary(answer) == VARY


@pytest.mark.parametrize("id_", ["forbidden", "stack", "busy-graphql", "signed-out", "unauthenticated"])
def test_an_error_is_not_kept(system: System, id_: str) -> None:
    answer = get(system, id_)
    assert answer.json()["errors"]
    assert (answer.headers["cache-control"], "etag" in answer.headers) == ("private, no-store", False)


def test_a_refusal_is_not_kept(system: System) -> None:
    for query in ("{ nothing }", "{", 'mutation { submitEntry(campaignId: "a") { id } }'):
        answer = get(system, query=query)
        assert answer.json()["errors"]
        assert answer.headers["cache-control"] == "private, no-store"
    plain = system.router.client.get("/graphql", params={"query": PAGE})
    assert (plain.status_code, plain.headers["cache-control"]) == (400, "private, no-store")


def test_what_is_posted_is_not_kept(system: System) -> None:
    answer = system.router.post(PAGE, {"id": "cmp_1"})
    assert (answer.headers["cache-control"], "etag" in answer.headers) == ("no-store", False)


def test_each_language_is_kept_for_itself(system: System) -> None:
    get(system, accept_language="fr-CA")
    assert system.campaigns.last.headers["accept-language"] == "fr-CA"


def test_an_allowed_origin_can_read_the_tag(system: System) -> None:
    answer = get(system, origin="https://fans.example")
    assert answer.headers["access-control-allow-origin"] == "https://fans.example"
    assert "etag" in answer.headers["access-control-expose-headers"]
    assert vary(answer) == VARY
    preflight = system.router.client.options("/graphql", headers={"origin": "https://fans.example"})
    assert "if-none-match" in preflight.headers["access-control-allow-headers"]
