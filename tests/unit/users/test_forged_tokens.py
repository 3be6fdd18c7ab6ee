"""The attack list through a subgraph: a bad token is refused with 401, even where none is needed."""

import pytest

from services.kit.privacy import NOBODY
from tests.support import issuer
from tests.support.service import ServiceUnderTest

ATTACKS = {
    name: forged for name, forged in issuer.forge("ann").attacks().items() if forged().isascii()
}  # what is not ASCII the HTTP client does not send; through the router it is tried all the same
PUBLIC, PRIVATE = "{ __typename }", "{ viewer { id } }"


async def test_no_forged_token_is_let_in_and_none_breaks_anything(users: ServiceUnderTest) -> None:
    for name, forged in ATTACKS.items():
        for query in (PUBLIC, PRIVATE):
            answer = await users.post({"query": query}, token=forged())
            assert answer.status_code == 401, name
            [error] = answer.json()["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED", name
            assert "data" not in answer.json(), name
    assert await users.resources.database.pool.fetchval("SELECT array_agg(id) FROM app_user") == [NOBODY]


@pytest.mark.parametrize("query", [PUBLIC, PRIVATE])
async def test_negative_control_the_token_they_are_made_from(users: ServiceUnderTest, query: str) -> None:
    answer = await users.post({"query": query}, token=issuer.forge("ann").signed())
    assert answer.status_code == 200
    assert "errors" not in answer.json()
