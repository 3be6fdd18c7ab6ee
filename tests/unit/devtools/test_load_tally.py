"""What counts as acknowledged, and what every other answer is called."""

import math

import pytest

from scripts.devtools.load.response import Response
from scripts.devtools.load.tally import NO_ANSWER, Tally, acknowledged_id, kind_of

ACKNOWLEDGEMENT = (
    b'{"data":{"submitEntry":{"__typename":"EntrySubmitted","entry":{"id":"ent_01","state":"ACCEPTED"}}}}'
)


def answer(body: bytes, status: int = 200) -> Response:
    return Response(status, body, keep_alive=True)


def test_an_acknowledgement_gives_the_entrys_id() -> None:
    assert acknowledged_id(answer(ACKNOWLEDGEMENT)) == "ent_01"


@pytest.mark.parametrize(
    "response",
    [
        answer(ACKNOWLEDGEMENT, status=500),
        answer(b'{"data":{"submitEntry":{"__typename":"AlreadyEntered","entry":{"id":"ent_01"}}}}'),
        answer(b'{"data":{"submitEntry":{"__typename":"EntrySubmitted","entry":null}}}'),
        answer(b""),
    ],
)
def test_nothing_else_is_an_acknowledgement(response: Response) -> None:
    assert acknowledged_id(response) is None


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (
            answer(
                b'{"data":{"submitEntry":{"__typename":"RateLimited","code":"RATE_LIMITED","message":"m"}}}'
            ),
            "RateLimited RATE_LIMITED",
        ),
        (answer(b'{"data":{"submitEntry":{"__typename":"AlreadyEntered"}}}'), "AlreadyEntered"),
        (
            answer(b'{"data":null,"errors":[{"message":"m","extensions":{"code":"UNAVAILABLE"}}]}'),
            "UNAVAILABLE",
        ),
        (
            answer(b'{"errors":[{"message":"m","extensions":{"code":"UNAUTHENTICATED"}}]}', 401),
            "HTTP 401 UNAUTHENTICATED",
        ),
        (answer(b'{"errors":[{"message":"m"}]}', 500), "HTTP 500 error without a code"),
        (answer(b'{"errors":"what"}'), "error without a code"),
        (answer(b'{"status":503,"code":"UNAVAILABLE"}', 503), "HTTP 503 UNAVAILABLE"),
        (answer(b'{"data":null}'), "no data"),
        (answer(b"<html>", 502), "HTTP 502 not JSON"),
        (answer(b"\xff\xfe", 502), "HTTP 502 not JSON"),
        (answer(b"[]"), "not a GraphQL answer"),
    ],
)
def test_other_answers_have_a_short_name(response: Response, kind: str) -> None:
    assert kind_of(response) == kind


def test_latencies_count_every_outcome_and_none_that_is_open() -> None:
    tally = Tally(5)
    tally.answered(0, 0.010, answer(ACKNOWLEDGEMENT))
    tally.answered(1, 0.020, answer(b'{"data":{"submitEntry":{"__typename":"NotFound"}}}'))
    tally.failed(3, 12.0)

    assert tally.settled == 3
    assert tally.acknowledged == 1
    assert tally.entry_ids == {0: "ent_01"}
    assert dict(tally.kinds) == {"EntrySubmitted": 1, "NotFound": 1, NO_ANSWER: 1}
    assert (tally.summary().p50, tally.summary().max) == (0.020, 12.0)


def test_a_run_without_outcomes_has_no_latency() -> None:
    assert math.isnan(Tally(3).summary().p95)
