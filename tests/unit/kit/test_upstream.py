"""Answers of a backend that are not what was agreed: refused, and nothing that they say is repeated."""

from typing import Literal

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from services.kit.errors import Unavailable
from services.kit.upstream import Upstream


class Answer(msgspec.Struct):
    state: Literal["OPEN"]


@pytest.mark.parametrize(
    "body", [b'{"state": "ada@fans.example"}', b"ada@fans.example", b'{"ada@fans.example": 1}']
)
async def test_an_answer_that_does_not_fit_is_logged_without_its_words(body: bytes) -> None:
    transport = httpx.MockTransport(lambda _request: httpx.Response(200, content=body))
    upstream = Upstream("http://backend", key="a-key", timeout=5, transport=transport)
    with capture_logs() as lines, pytest.raises(Unavailable) as refused:
        await upstream.call("GET", "/things", Answer)
    await upstream.aclose()
    assert [line["event"] for line in lines] == ["answer not understood"]
    assert "ada" not in str(lines)
    assert "ada" not in str(refused.value)
