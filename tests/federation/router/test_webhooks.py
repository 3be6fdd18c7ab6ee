"""`POST /webhooks/<name>`: passed on byte for byte to the process that owns it, with nothing else of the request."""

from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse, Response

from tests.federation.router.conftest import LINK, write_graph
from tests.support.router_process import RouterProcess, compose
from tests.support.subgraph_stub import Received, SubgraphStub, data

BODY = b'{ "redemptions" : [] }\n'
SIGNED = {
    "content-type": "application/json",
    "monoql-platform": "axs",
    "monoql-timestamp": "1771000000",
    "monoql-signature": "v1=00",
}


async def answer_graphql(_: Received) -> Response:
    return data({})


async def answer_webhook(received: Received) -> Response:
    if received.body == b"refused":
        return JSONResponse({"code": "UNAUTHENTICATED"}, 401, media_type="application/problem+json")
    return JSONResponse({"results": []}, headers={"x-inside": "10.0.0.7"})


@pytest.fixture(scope="module")
def codes() -> Iterator[SubgraphStub]:
    with SubgraphStub(answer_graphql, webhooks=answer_webhook) as stub:
        yield stub


@pytest.fixture(scope="module")
def router(codes: SubgraphStub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RouterProcess]:
    folder = tmp_path_factory.mktemp("graph")
    done = compose(write_graph(folder, codes=LINK + "type Query { code: ID }"), folder)
    assert done.returncode == 0, done.stderr
    with RouterProcess(folder / "supergraph.graphql", {"CODES_SUBGRAPH_URL": codes.url}) as process:
        yield process


def test_the_very_bytes_arrive(router: RouterProcess, codes: SubgraphStub):
    headers = {**SIGNED, "x-backend-key": "guessed", "authorization": "Bearer x", "cookie": "a=b"}
    answer = router.client.post("/webhooks/redemptions", content=BODY, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"results": []})
    assert "x-inside" not in answer.headers
    received = codes.last
    assert (received.path, received.body) == ("/webhooks/redemptions", BODY)
    assert {name: received.headers[name] for name in SIGNED} == SIGNED
    assert not {"x-backend-key", "authorization", "cookie"} & received.headers.keys()
    assert received.headers["x-request-id"] == answer.headers["x-request-id"]


def test_the_status_is_passed_on(router: RouterProcess):
    answer = router.client.post("/webhooks/redemptions", content=b"refused", headers=SIGNED)
    assert (answer.status_code, answer.json()) == (401, {"code": "UNAUTHENTICATED"})


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/",
        "/webhooks/other",
        "/webhooks/redemptions/",
        "/webhooks/redemptions?a=1",
        "/webhooks/__proto__",
    ],
)
def test_no_other_path_is_passed_on(router: RouterProcess, codes: SubgraphStub, path: str):
    before = len(codes.received)
    assert router.client.post(path, content=BODY, headers=SIGNED).status_code == 404
    assert len(codes.received) == before


def test_other_methods_and_large_bodies_are_refused(router: RouterProcess, codes: SubgraphStub):
    before = len(codes.received)
    assert router.client.get("/webhooks/redemptions", headers=SIGNED).status_code == 405
    large = b" " * (256 * 1024 + 1)
    assert router.client.post("/webhooks/redemptions", content=large, headers=SIGNED).status_code == 413
    assert len(codes.received) == before


def test_a_process_that_is_gone_is_told_in_words(router: RouterProcess, codes: SubgraphStub):
    codes.__exit__()
    answer = router.client.post("/webhooks/redemptions", content=BODY, headers=SIGNED)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
