"""What the router passes on to subgraphs and back to clients."""

import asyncio
import hashlib
import hmac
import re
import time

import httpx
import pytest

from tests.federation.router.conftest import System
from tests.support.router_process import SECRET
from tests.support.subgraph_stub import Received

CAMPAIGN = "query ($id: ID!) { campaign(id: $id) { id title } }"


def test_passes_on_what_subgraphs_need(system: System):
    sent = {
        "authorization": "Bearer a.b.c",
        "accept-language": "fr-CA",
        "user-agent": "A browser",
        "sec-gpc": "1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "x-request-id": "req_12345678",
    }
    answer = system.router.post(CAMPAIGN, {"id": "cmp_1"}, **sent)
    received = system.campaigns.last.headers
    assert {name: received.get(name) for name in sent} == sent
    assert answer.headers["x-request-id"] == "req_12345678"


def test_passes_on_nothing_else(system: System):
    system.router.post(
        CAMPAIGN, {"id": "cmp_1"}, cookie="a=b", x_actor="usr_1", x_backend_key="k", traceparent="bad"
    )
    received = system.campaigns.last.headers
    expected = {
        "accept",
        "content-length",
        "content-type",
        "host",
        "x-client-ip",
        "x-request-id",
        "x-router-proof",
    }
    assert set(received) - {"connection", "accept-language", "user-agent"} == expected


@pytest.mark.parametrize("given", ["short", "has space", "x" * 65, "semi;colon1", ""])
def test_makes_a_request_id_when_the_given_one_is_malformed(system: System, given: str):
    answer = system.router.post(CAMPAIGN, {"id": "cmp_1"}, x_request_id=given)
    made = answer.headers["x-request-id"]
    assert made != given
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", made)
    assert system.campaigns.last.headers["x-request-id"] == made


def test_client_ip_is_the_routers_own_view(system: System):
    system.router.post(CAMPAIGN, {"id": "cmp_1"}, x_client_ip="6.6.6.6", x_forwarded_for="6.6.6.6")
    assert system.campaigns.last.headers["x-client-ip"] == "127.0.0.1"


@pytest.mark.parametrize("authorization", [None, "Bearer a.b.c", "Bearer é"])
def test_router_proof_covers_time_body_and_token(system: System, authorization: str | None):
    headers = {b"authorization": authorization.encode("latin-1")} if authorization else {}
    body = {"query": CAMPAIGN, "variables": {"id": "Beyoncé 🎤"}}
    system.router.client.post("/graphql", json=body, headers=headers)
    assert_proven(system.campaigns.last)


def assert_proven(received: Received) -> None:
    version, seconds, proof = received.headers["x-router-proof"].split(";")
    token = received.headers.get("authorization", "").encode("latin-1")
    signed = f"{seconds}\n{hashlib.sha256(received.body).hexdigest()}\n{hashlib.sha256(token).hexdigest()}"
    assert version == "v1"
    assert abs(time.time() - int(seconds)) < 5
    assert proof == hmac.new(SECRET.encode(), signed.encode(), "sha256").hexdigest()


@pytest.mark.asyncio
async def test_two_fans_asking_the_same_at_once_are_asked_for_separately(system: System):
    """Merging equal fetches in flight would hand one fan's answer to another."""
    before = len(system.campaigns.received)
    body = {"query": "query ($seconds: Float!) { slow(seconds: $seconds) }", "variables": {"seconds": 0.1}}
    async with httpx.AsyncClient(base_url=system.router.url, trust_env=False) as client:
        await asyncio.gather(
            *(client.post("/graphql", json=body, headers={"authorization": f"Bearer {fan}"}) for fan in "ab")
        )
    tokens = [received.headers["authorization"] for received in system.campaigns.received[before:]]
    assert sorted(tokens) == ["Bearer a", "Bearer b"]
