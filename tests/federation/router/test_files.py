"""`/files/<service>/<token>`: streamed from that service's process, or to it by PUT, and nothing else of it."""

import contextlib
import socket

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


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_files_are_read_and_put_and_nothing_else(system: System, method: str):
    assert system.router.client.request(method, "/files/campaigns/token").status_code == 405


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_streams_a_file_that_is_put(system: System, size: int):
    data = bytes(size)
    answer = system.router.client.put("/files/campaigns/token", content=data, headers={"cookie": "a=b"})
    assert answer.status_code == 200
    received = system.campaigns.last
    assert (received.path, received.body == data) == ("/files/token", True)
    assert received.headers["content-length"] == str(size)
    assert "cookie" not in received.headers


def test_what_a_page_must_not_do_with_a_file_is_passed_on(system: System):
    headers = system.router.client.get("/files/campaigns/guarded").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox"


def test_a_file_without_a_length_is_refused(system: System):
    answer = system.router.client.put("/files/campaigns/token", content=iter([b"x"]))
    assert answer.status_code == 411


def test_a_file_that_is_too_large_is_refused_before_it_arrives(system: System):
    before = len(system.campaigns.received)
    head = b"PUT /files/campaigns/token HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n"
    assert raw_status(system.router.port, head) == 413
    assert len(system.campaigns.received) == before


def test_so_many_files_arrive_at_once_and_no_more(system: System):
    head = b"PUT /files/campaigns/token HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf."
    with contextlib.ExitStack() as stack:
        for _ in range(16):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", system.router.port)))
            connection.sendall(head)
        refused = system.router.client.put("/files/campaigns/token", content=b"x")
        while refused.status_code != 503:  # the sixteen are on their way
            refused = system.router.client.put("/files/campaigns/token", content=b"x")
        assert refused.headers["retry-after"] == "1"
    while refused.status_code == 503:  # until the router has seen them go
        refused = system.router.client.put("/files/campaigns/token", content=b"x")


def raw_status(port: int, request: bytes) -> int:
    """The status that `request`, byte for byte, is answered with: clients tidy up dots in a path."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        return int(connection.recv(64).split()[1])
