"""Who holds this code, and which codes does she hold: one query each, for who may know; and the codes of an export."""

from typing import Any

import pytest

from services.kit.ids import new_id, user_id
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner
from tests.unit.codes.platform import Platform, sale

BY_VALUE = """query ($value: String!) { accessCodeByValue(value: $value) {
    id masked value state selection { id } supersededBy { id } } }"""
FAN = "a winner"


async def of_user(codes: Codes, user: str, token: str | None, page: str = "") -> dict[str, Any] | None:
    """What `User.accessCodes` answers."""
    fields = "nodes { id masked value state } pageInfo { hasNextPage endCursor }"
    [found] = await codes.service.entities(
        f"... on User {{ accessCodes{page} {{ {fields} }} }}",
        [{"__typename": "User", "id": user}],
        token=token,
    )
    return found["accessCodes"]


async def wins(codes: Codes, count: int, user: str) -> list[str]:
    """Ids of codes of the user's, one wave each, oldest first."""
    event = codes.events[0]
    await codes.pool(event, count)
    for _ in range(count):
        await codes.assign(codes.entries.wave(codes.campaign, [Winner(event, user=user)]))
    await codes.work()
    rows = await codes.sql("SELECT code_id FROM assignment WHERE user_id = $1 ORDER BY code_id", user)
    return [row["code_id"] for row in rows]


async def test_whoever_may_read_codes_finds_whose_one_is_however_it_is_spelled(codes: Codes) -> None:
    winner, clear = await codes.winner()
    reader = codes.service.grant("reader", "CODE_READ", codes.campaign)
    for spelling in (clear, clear.lower(), clear.replace("-", ""), clear.replace("-", "_")):
        found = (await codes.ask(BY_VALUE, reader, value=spelling))["accessCodeByValue"]
        assert found["selection"] == {"id": winner.id}
        assert (found["state"], found["value"]) == ("ASSIGNED", None)
    outsider = codes.service.grant("outsider", "CODE_READ", new_id("tea"))
    for token, value in ((outsider, clear), (issuer.token("fan"), clear), (reader, "NO-SUCH-CODE")):
        assert await codes.ask(BY_VALUE, token, value=value) == {"accessCodeByValue": None}
    for odd in ("", "\0", "x" * 201, "-"):
        assert await codes.ask(BY_VALUE, reader, value=odd) == {"accessCodeByValue": None}


async def test_a_code_that_was_replaced_is_found_and_says_by_which(codes: Codes) -> None:
    winner, clear = await codes.winner()
    await codes.pool(codes.events[0], 1)
    [row] = await codes.sql("SELECT code_id FROM assignment WHERE selection_id = $1", winner.id)
    await codes.mutate("reissueCode", "", codeId=row["code_id"], reason="lost")
    found = (await codes.ask(BY_VALUE, value=clear))["accessCodeByValue"]
    assert (found["id"], found["state"], found["selection"]) == (row["code_id"], "VOIDED", {"id": winner.id})
    assert found["supersededBy"]["id"] != row["code_id"]


async def test_a_fan_reads_her_codes_page_by_page(codes: Codes) -> None:
    user, token = user_id(issuer.ISSUER, FAN), issuer.token(FAN)
    ids = await wins(codes, 5, user)
    await wins(codes, 1, new_id("usr"))
    seen: list[str] = []
    page = "(first: 2)"
    for more in (True, True, False):
        answer = await of_user(codes, user, token, page)
        assert answer is not None
        assert all(code["value"] for code in answer["nodes"])
        assert answer["pageInfo"]["hasNextPage"] is more
        seen += [code["id"] for code in answer["nodes"]]
        page = f'(first: 2, after: "{answer["pageInfo"]["endCursor"]}")'
    assert seen == ids[::-1]


async def test_staff_see_the_codes_of_their_campaigns_masked_and_others_none(codes: Codes) -> None:
    user = user_id(issuer.ISSUER, FAN)
    ids = await wins(codes, 2, user)
    for name, permission, scope, sees in (
        ("reader", "CODE_READ", codes.campaign, True),
        ("manager", "CODE_MANAGE", codes.team, True),
        ("elsewhere", "CODE_READ", new_id("tea"), False),
        ("entries", "ENTRY_READ", codes.team, False),
    ):
        answer = await of_user(codes, user, codes.service.grant(name, permission, scope))
        if not sees:
            assert answer is None
            continue
        assert answer is not None
        assert [code["id"] for code in answer["nodes"]] == ids[::-1]
        assert {code["value"] for code in answer["nodes"]} == {None}
    assert await of_user(codes, user, issuer.token("another")) is None
    assert await of_user(codes, new_id("usr"), codes.manager) is None
    assert await of_user(codes, "no id, but §", codes.manager) is None


async def test_what_is_not_released_is_not_hers_yet(codes: Codes) -> None:
    user = user_id(issuer.ISSUER, FAN)
    await wins(codes, 1, user)
    await codes.sql("UPDATE distribution SET released_at = NULL")
    answer = await of_user(codes, user, issuer.token(FAN))
    assert answer == {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    answer = await of_user(codes, user, codes.manager)
    assert answer is not None
    assert len(answer["nodes"]) == 1


async def test_fifty_users_are_two_statements(codes: Codes) -> None:
    users = [new_id("usr") for _ in range(50)]
    await codes.pool(codes.events[0], 50)
    winners = [Winner(codes.events[0], user=user) for user in users]
    await codes.assign(codes.entries.wave(codes.campaign, winners))
    await codes.work()
    before = codes.resources.database.statements
    found = await codes.service.entities(
        "... on User { accessCodes { nodes { id } } }",
        [{"__typename": "User", "id": user} for user in users],
        token=codes.manager,
    )
    assert [len(each["accessCodes"]["nodes"]) for each in found] == [1] * 50
    assert codes.resources.database.statements - before == 2, "whose the codes are, then the codes"


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 9, 100])
async def test_an_export_reads_each_code_once_and_none_in_clear(codes: Codes, limit: int) -> None:
    winners, clear = await codes.winners(3, codes.events[0])
    await codes.pool(codes.events[0], 2)
    await codes.pool(codes.events[1], 3)
    await Platform(codes).outcomes(sale(clear[0], 2))
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        body = {"campaign_id": codes.campaign, "after": after, "limit": limit}
        answer = await codes.service.rest("POST", "/codes/export-page", body)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["codes"]) <= limit
        rows += page["codes"]
        after = page["next"]
        if after is None:
            break
    assert len({row["id"] for row in rows}) == len(rows) == 8
    assert not any(value in str(rows) for value in clear)
    states = {row["selection_id"]: row["state"] for row in rows if row["selection_id"]}
    assert states == {winner.id: "REDEEMED" if winner is winners[0] else "ASSIGNED" for winner in winners}
    [used] = [row for row in rows if row["state"] == "REDEEMED"]
    assert (used["redeemed"], used["user_id"]) == (2, winners[0].user)
    body = {"campaign_id": new_id("cmp"), "limit": limit}
    answer = await codes.service.rest("POST", "/codes/export-page", body)
    assert answer.json() == {"codes": [], "next": None}
