"""A backend made of its document alone: it answers whatever the document allows, or, where that is asked for, what
it does not.
"""

import json
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any
from urllib.parse import unquote

import httpx

from tests.contract.subgraphs.documented import Answers, texts_in

SECRET = "Traceback (most recent call last): asyncpg.DataError at /srv/services/kit/pg.py, 127.0.0.1:5432"
"""What stands in every answer that the document does not allow, and must come through to nobody."""

UNAVAILABLE = (
    "BAD_REQUEST",
    "METHOD_NOT_ALLOWED",
    "RATE_LIMITED",
    "TIMEOUT",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
)
TROUBLES = {code: {"UNAVAILABLE"} for code in UNAVAILABLE} | {
    "INTERNAL_SERVER_ERROR": {"INTERNAL_SERVER_ERROR"}
}
"""What the subgraph may say after documented problems that nobody who asks it can mend."""

PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"


class FakeBackend(httpx.AsyncBaseTransport):
    """In place of a backend. `begin` starts a case. Then `broke` says whether an answer was none of the document's,
    `troubles` what the subgraph may say after those that were; `unknown` is what was asked and is not in the document.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._operations = [
            (method.upper(), re.compile(re.sub(r"\{\w+\}", "([^/]+)", path)), operation)
            for path, item in document["paths"].items()
            for method, operation in item.items()
        ]
        self.unknown: list[str] = []
        self.begin(Random(1), breaking=False, people=())

    def begin(self, random: Random, *, breaking: bool, people: tuple[str, ...]) -> None:
        """From now on the answers are those of `random`, about what is asked for and `people`."""
        self._random, self._breaking, self._people = random, breaking, people
        self.troubles: set[str] = set()
        self.broke = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        for method, pattern, operation in self._operations:
            if method == request.method and (match := pattern.fullmatch(path)):
                return self._answer(operation, request, [unquote(part) for part in match.groups()])
        self.unknown.append(f"{request.method} {path}")
        return httpx.Response(404)

    def _answer(
        self, operation: Mapping[str, Any], request: httpx.Request, in_path: list[str]
    ) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        lists = [value for value in body.values() if isinstance(value, list)]
        people = [text for text in self._people if self._random.random() < 0.5]
        ids = [text for text in [*in_path, *texts_in(body), *people] if text]
        answers = Answers(self.document, self._random, ids, len(lists[0]) if lists else 1)
        success = self._allowed(operation, answers)
        if self._breaking and self._random.random() < 0.5:
            self.broke = True
            return self._random.choice(BREACHES)(success, self._random)
        return success

    def _allowed(self, operation: Mapping[str, Any], answers: Answers) -> httpx.Response:
        status, described = self._random.choice(list(operation["responses"].items()))
        if status == "default" and self._random.random() < 0.7:
            status, described = next(each for each in operation["responses"].items() if each[0] != "default")
        if "content" not in described:
            return httpx.Response(int(status), json=None)
        (kind, content) = next(iter(described["content"].items()))
        value = answers.value(content["schema"])
        if status == "default":
            status = value["status"]
            self.troubles |= TROUBLES.get(value["code"], set())
        else:
            value = answers.in_words(operation["operationId"], value)
        return httpx.Response(int(status), content=json.dumps(value), headers={"content-type": kind})


def _closed(_allowed: httpx.Response, random: Random) -> httpx.Response:
    raise random.choice([httpx.ReadError, httpx.ConnectTimeout, httpx.RemoteProtocolError])(SECRET)


def _page(_allowed: httpx.Response, random: Random) -> httpx.Response:
    return httpx.Response(random.choice([200, 302, 404, 500, 502]), html=f"<h1>{SECRET}</h1>")


def _cut(allowed: httpx.Response, random: Random) -> httpx.Response:
    return _changed(allowed, allowed.content[: random.randint(0, max(len(allowed.content) - 1, 0))])


def _nonsense(allowed: httpx.Response, random: Random) -> httpx.Response:
    pieces = (
        b"",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"{",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"code": 7, "status": 7}',
    )
    return _changed(allowed, random.choice(pieces))


def _other_type(allowed: httpx.Response, random: Random) -> httpx.Response:
    return _changed(allowed, json.dumps(_spoilt(json.loads(allowed.content), random)).encode())


def _problem(_allowed: httpx.Response, random: Random) -> httpx.Response:
    code = random.choice(["FORBIDDEN", "VALIDATION_FAILED", "NOT_FOUND", "INTERNAL_SERVER_ERROR", "X"])
    body = {"code": code, "detail": SECRET, "title": SECRET, "type": SECRET, "trace": SECRET}
    return httpx.Response(
        random.choice([500, 502, 503, 504, 507]), json=body, headers={"content-type": PROBLEM}
    )


def _html(allowed: httpx.Response, _random: Random) -> httpx.Response:
    return httpx.Response(allowed.status_code, content=allowed.content, headers={"content-type": HTML})


def _no_gzip(allowed: httpx.Response, _random: Random) -> httpx.Response:
    return httpx.Response(
        allowed.status_code, stream=httpx.ByteStream(SECRET.encode()), headers={"content-encoding": "gzip"}
    )


def _changed(allowed: httpx.Response, content: bytes) -> httpx.Response:
    return httpx.Response(allowed.status_code, content=content, headers={"content-type": "application/json"})


def _spoilt(value: Any, random: Random) -> Any:
    """The value with something in it that is of another type, missing, or too often there."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        name = random.choice(sorted(value))
        if random.random() < 0.3:
            return {each: value[each] for each in value if each != name}
        return {**value, name: _spoilt(value[name], random)}
    if isinstance(value, list) and value and random.random() < 0.8:
        return [_spoilt(value[0], random), *value[1:]] if random.random() < 0.7 else [*value, value[0]]
    others: list[Any] = [10**30, [SECRET], {"x": SECRET}, {}, True]
    if value is not None:
        others.append(None)
        if not isinstance(value, str):
            others.append(SECRET)
    return random.choice(others)


BREACHES: list[Callable[[httpx.Response, Random], httpx.Response]] = [
    *(_page, _cut, _nonsense, _problem, _html, _no_gzip) * 2,
    *(_other_type,) * 6,
    _closed,
]
