"""The response parser: every way an answer can be cut into packets gives the same answer."""

import pytest

from scripts.devtools.load.response import MalformedResponseError, Response, ResponseParser

BODY = b'{"data":{}}'
WITH_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
    b'4\r\n{"da\r\n7;note=1\r\nta":{}}\r\n0\r\n\r\n'
)
WITH_TRAILER = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n" + BODY + b"\r\n0\r\nx-sum: 1\r\n\r\n"
)
CLOSING = WITH_LENGTH.replace(b"Content-Type: application/json", b"Connection: close")
AFTER_EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + WITH_LENGTH

WHOLE = {
    "content-length": (WITH_LENGTH, Response(200, BODY, keep_alive=True)),
    "chunked": (CHUNKED, Response(200, BODY, keep_alive=True)),
    "chunked with a trailer": (WITH_TRAILER, Response(200, BODY, keep_alive=True)),
    "closing": (CLOSING, Response(200, BODY, keep_alive=False)),
    "after early hints": (AFTER_EARLY_HINTS, Response(200, BODY, keep_alive=True)),
    "no content": (b"HTTP/1.1 204 No Content\r\nx: y\r\n\r\n", Response(204, b"", keep_alive=True)),
    "empty": (
        b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n",
        Response(503, b"", keep_alive=True),
    ),
}


@pytest.mark.parametrize(("wire", "expected"), WHOLE.values(), ids=WHOLE.keys())
def test_an_answer_in_one_packet(wire: bytes, expected: Response) -> None:
    assert ResponseParser().feed(wire) == expected


@pytest.mark.parametrize(("wire", "expected"), WHOLE.values(), ids=WHOLE.keys())
def test_an_answer_cut_in_two_at_any_byte(wire: bytes, expected: Response) -> None:
    for cut in range(1, len(wire)):
        parser = ResponseParser()
        assert parser.feed(wire[:cut]) is None, cut
        assert parser.feed(wire[cut:]) == expected, cut


@pytest.mark.parametrize(("wire", "expected"), WHOLE.values(), ids=WHOLE.keys())
def test_an_answer_byte_by_byte(wire: bytes, expected: Response) -> None:
    parser = ResponseParser()
    *early, last = [parser.feed(wire[place : place + 1]) for place in range(len(wire))]

    assert early == [None] * (len(wire) - 1)
    assert last == expected


def test_one_parser_serves_a_connection_answer_after_answer() -> None:
    parser = ResponseParser()

    for _ in range(3):
        assert parser.feed(WITH_LENGTH) == Response(200, BODY, keep_alive=True)
        assert parser.idle
        assert parser.feed(CHUNKED) == Response(200, BODY, keep_alive=True)


def test_a_body_without_a_length_lasts_until_the_close() -> None:
    parser = ResponseParser()

    assert parser.feed(b"HTTP/1.1 200 OK\r\n\r\nsome") is None
    assert parser.feed(b" text") is None
    assert parser.feed_eof() == Response(200, b"some text", keep_alive=False)


@pytest.mark.parametrize("wire", [WITH_LENGTH[:-1], CHUNKED[:-2], WITH_LENGTH[:20]])
def test_a_close_in_the_middle_is_no_answer(wire: bytes) -> None:
    parser = ResponseParser()

    assert parser.feed(wire) is None
    assert parser.feed_eof() is None


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        WITH_LENGTH + b"more",
        CHUNKED + b"more",
        b"x" * 70_000,
    ],
)
def test_what_is_no_answer_to_one_request_is_refused(wire: bytes) -> None:
    with pytest.raises(MalformedResponseError):
        ResponseParser().feed(wire)
