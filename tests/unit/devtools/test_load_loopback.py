"""Load is sent to this machine and nowhere else."""

import pytest

from scripts.devtools.load.loopback import NotLoopbackError, Target, loopback_target


def test_a_loopback_url_is_taken_apart() -> None:
    target = loopback_target("http://127.0.0.1:4000/graphql?x=1")

    assert target == Target("127.0.0.1", 4000, "127.0.0.1:4000", "/graphql?x=1")


@pytest.mark.parametrize(
    "url", ["http://127.8.9.10", "http://[::1]:4000/graphql", "http://localhost:4000/graphql"]
)
def test_every_loopback_address_will_do(url: str) -> None:
    assert loopback_target(url).port in {80, 4000}


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1:4000/graphql",
        "http://0.0.0.0:4000/graphql",
        "http://[2001:db8::1]/graphql",
        "http://10.0.0.1/",
        "https://127.0.0.1/graphql",
        "http:///graphql",
        "http://127.0.0.1:none/",
        "127.0.0.1:4000",
        "http://no-such-host.invalid/graphql",
    ],
)
def test_other_addresses_are_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(NotLoopbackError, match=r"\.$"):
        loopback_target(url)
