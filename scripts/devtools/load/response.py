"""The least HTTP/1.1 that a load generator must understand: status, body, and whether the connection goes on."""

from dataclasses import dataclass

LARGEST_HEAD = 64 * 1024


class MalformedResponseError(Exception):
    """What came over the connection is not an HTTP/1.1 response to our request."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. `keep_alive` is False when the server said that it closes the connection."""

    status: int
    body: bytes
    keep_alive: bool


class ResponseParser:
    """Takes the bytes of one connection as they come. One request is in flight at a time, never more."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def idle(self) -> bool:
        """Whether no part of an answer is held."""
        return not self._held

    def feed(self, data: bytes) -> Response | None:
        """The answer, once its last byte has come. Raises MalformedResponseError."""
        held = self._held = self._held + data if self._held else data
        while True:
            end = held.find(b"\r\n\r\n")
            if end < 0:
                if len(held) > LARGEST_HEAD:
                    raise MalformedResponseError("the head of the answer has no end")
                return None
            status = _status(held)
            if status >= 200:
                break
            held = self._held = held[end + 4 :]
        head = held[:end].lower()
        body = _body(status, head, held, end + 4)
        return None if body is None else self._finish(status, head, body)

    def feed_eof(self) -> Response | None:
        """The answer whose body lasted until the server closed; None when the close cut something off."""
        held = self._held
        end = held.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = held[:end].lower()
        if b"\r\ncontent-length:" in head or _is_chunked(head):
            return None
        return self._finish(_status(held), head, held[end + 4 :])

    def _finish(self, status: int, head: bytes, body: bytes) -> Response:
        self._held = b""
        delimited = b"\r\ncontent-length:" in head or _is_chunked(head) or status in {204, 304}
        return Response(status, body, delimited and b"\r\nconnection: close" not in head)


def _status(held: bytes) -> int:
    if held[:7] != b"HTTP/1." or not held[9:12].isdigit():
        raise MalformedResponseError("the answer does not begin with an HTTP/1.x status line")
    return int(held[9:12])


def _is_chunked(head: bytes) -> bool:
    return b"\r\ntransfer-encoding: chunked" in head


def _body(status: int, head: bytes, held: bytes, start: int) -> bytes | None:
    """The body, None while it is incomplete or lasts until the connection closes."""
    if status in {204, 304}:
        return b""
    if _is_chunked(head):
        return _joined_chunks(held, start)
    place = head.find(b"\r\ncontent-length:")
    if place < 0:
        return None
    line_end = head.find(b"\r\n", place + 2)
    digits = head[place + 17 : line_end if line_end >= 0 else len(head)].strip()
    if not digits.isdigit():
        raise MalformedResponseError("content-length is not a number")
    end = start + int(digits)
    if len(held) > end:
        raise MalformedResponseError("more came than the answer's length")
    return held[start:] if len(held) == end else None


def _joined_chunks(held: bytes, start: int) -> bytes | None:
    chunks: list[bytes] = []
    while True:
        line_end = held.find(b"\r\n", start)
        if line_end < 0:
            return None
        try:
            size = int(held[start:line_end].partition(b";")[0], 16)
        except ValueError:
            raise MalformedResponseError("a chunk has no size") from None
        start = line_end + 2
        if size == 0:
            return _after_trailers(held, start, b"".join(chunks))
        end = start + size
        if len(held) < end + 2:
            return None
        if held[end : end + 2] != b"\r\n":
            raise MalformedResponseError("a chunk is longer than its size")
        chunks.append(held[start:end])
        start = end + 2


def _after_trailers(held: bytes, start: int, body: bytes) -> bytes | None:
    """The body, once the blank line after the last chunk (and the trailers there may be) has come."""
    while True:
        line_end = held.find(b"\r\n", start)
        if line_end < 0:
            return None
        if line_end == start:
            if len(held) > line_end + 2:
                raise MalformedResponseError("more came than the answer's last chunk")
            return body
        start = line_end + 2
