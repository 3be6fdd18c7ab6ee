"""`GET /files/<service>/<token>`: streamed from that service's process, and nothing else of it."""

import pytest

from tests.federation.router.conftest import System


def test_streams_a_file(system: System):
    answer = system.router.client.get(
        "/files/campaigns/tok.en_1-x", headers={"x-request-id": "req_12345678", "cookie": "a=b"}
    )
    assert (answer.status_code, answer.text) == (200, "id\n1\n")
    assert answer.headers["content-disposition"] == "attachment"
    assert "x-inside" not in answer.headers
    received = system.campaigns.last
    assert received.path == "/files/tok.en_1-x"
    assert received.headers["x-request-id"] == "req_12345678"
    assert "cookie" not in received.headers


def test_streams_a_large_file(system: System):
    assert len(system.router.client.get("/files/campaigns/large").content) == 64 * 65_536


def test_status_of_the_service_is_passed_on(system: System):
    assert system.router.client.get("/files/campaigns/expired").status_code == 410


@pytest.mark.parametrize(
    "path",
    [
        "/files/campaigns",
        "/files/campaigns/",
        "/files/strangers/token",
        "/files/__proto__/token",
        "/files/campaigns/../graphql",
        "/files/campaigns/%2e%2e/graphql",
        "/files/campaigns/a/../../livez",
        "/files/campaigns/a//b",
        "/files/campaigns/a\\b",
        "/files/campaigns/token?x=1",
        "/files//campaigns/token",
    ],
)
def test_no_other_path_is_forwarded(system: System, path: str):
    before = len(system.campaigns.received)
    raw = f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode()
    assert raw_status(system.router.port, raw) == 404
    assert len(system.campaigns.received) == before


def test_files_are_only_read(system: System):
    assert system.router.client.post("/files/campaigns/token").status_code == 405


def raw_status(port: int, request: bytes) -> int:
    """The status that `request`, byte for byte, is answered with: clients tidy up dots in a path."""
    import socket

    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return int(connection.recv(64).split()[1])
