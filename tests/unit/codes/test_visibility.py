"""Who sees a code, and how much of it: one table, over every road that leads to it."""

from typing import Any

import pytest

from services.codes.backend import wire
from services.kit.ids import new_id, user_id
from tests.support import issuer
from tests.unit.codes.conftest import Codes
from tests.unit.codes.entries_peer import Winner

CODE = "id masked value state event { id } selection { id } assignedAt redeemedAt"
ROADS = ("accessCode", "AccessCode", "Selection", "Entry")

# Who asks: what she sees before the codes are released, and afterwards.
TABLE = {
    "owner": ("nothing", "clear"),
    "another winner": ("nothing", "nothing"),
    "loser": ("nothing", "nothing"),
    "nobody": ("nothing", "nothing"),
    "CODE_READ": ("masked", "masked"),
    "CODE_MANAGE": ("masked", "masked"),
    "CODE_REVEAL": ("nothing", "nothing"),
    "ENTRY_READ": ("nothing", "nothing"),
    "CODE_READ elsewhere": ("nothing", "nothing"),
}


def token_of(codes: Codes, who: str) -> str | None:
    if who == "nobody":
        return None
    if who == "CODE_READ elsewhere":
        return codes.service.grant("elsewhere", "CODE_READ", new_id("tea"))
    if who.isupper():
        return codes.service.grant(who.lower(), who, codes.team)
    return issuer.token(who)


async def look(codes: Codes, road: str, winner: Winner, code_id: str, token: str | None) -> Any:
    """The winner's code as `road` shows it."""
    if road == "accessCode":
        answer = await codes.service.graphql(
            f"query ($id: ID!) {{ accessCode(id: $id) {{ {CODE} }} }}", {"id": code_id}, token=token
        )
        return answer["data"]["accessCode"]
    field = {
        "AccessCode": (code_id, CODE),
        "Selection": (winner.id, f"accessCode {{ {CODE} }}"),
        "Entry": (winner.entry, f"accessCodes {{ {CODE} }}"),
    }
    key, fields = field[road]
    [found] = await codes.service.entities(
        f"... on {road} {{ {fields} }}", [{"__typename": road, "id": key}], token=token
    )
    if road == "AccessCode":
        return found
    [shown] = found.values()
    return shown[0] if isinstance(shown, list) else shown


@pytest.mark.parametrize("who", TABLE)
async def test_who_sees_a_code(codes: Codes, who: str) -> None:
    await codes.pool(codes.events[0], 3)
    winners = [
        Winner(codes.events[0], user=user_id(issuer.ISSUER, name)) for name in ("owner", "another winner")
    ]
    codes.entries.page = 1
    wave = codes.entries.wave(codes.campaign, winners)
    token = token_of(codes, who)
    await codes.assign(wave)
    await pair_all_but_release(codes, winners)
    winner = winners[0]
    [code] = await codes.sql(
        "SELECT c.id, c.sealed FROM assignment JOIN code c ON c.id = code_id WHERE selection_id = $1",
        winner.id,
    )
    clear = codes.resources.sealer.open(code["sealed"], "code.value").decode()
    for released, expected in zip((False, True), TABLE[who], strict=True):
        if released:
            await codes.work()
        for road in ROADS:
            shown = await look(codes, road, winner, code["id"], token)
            if expected == "nothing":
                assert shown is None, (road, released)
                continue
            assert shown["value"] == (clear if expected == "clear" else None), (road, released)
            assert shown["masked"] == f"{clear[:2]}••••{clear[-2:]}"
            assert shown["state"] == "ASSIGNED"
            assert shown["event"] == {"id": codes.events[0]}
            assert shown["selection"] == {"id": winner.id}
            assert shown["assignedAt"]


async def pair_all_but_release(codes: Codes, winners: list[Winner]) -> None:
    """The distribution as it is when its worker dies just before the end."""
    store = codes.resources.distributions
    [row] = await codes.sql("SELECT id FROM distribution")
    place = await store.place(row["id"])
    assert place is not None
    page = [wire.Selection(w.id, w.entry, w.user, w.event) for w in winners]
    assert await store.pair(row["id"], place, page)


async def test_a_loser_s_page_shows_null_without_an_error(codes: Codes) -> None:
    loser = issuer.token("loser")
    roads = {
        "Entry": "... on Entry { accessCodes { value } }",
        "Selection": "... on Selection { accessCode { value } }",
    }
    for kind, fields in roads.items():
        [found] = await codes.service.entities(
            fields, [{"__typename": kind, "id": new_id("ent")}], token=loser
        )
        assert list(found.values()) == [None]


async def test_pools_imports_and_distributions_are_for_who_may_read_codes(codes: Codes) -> None:
    pool = await codes.pool(codes.events[0], 1)
    fields = "... on CodeImportStarted { import { id } }"
    started = (await codes.mutate("importCodes", fields, poolId=pool, csv="ALPHA-0001"))["import"]["id"]
    wave = codes.entries.wave(codes.campaign, [Winner(codes.events[0])])
    distribution = (await codes.assign(wave))["distribution"]["id"]
    for who, sees in (("CODE_READ", True), ("CODE_MANAGE", True), ("CODE_REVEAL", False), ("loser", False)):
        token = token_of(codes, who)
        found = await codes.ask(
            "query ($i: ID!, $d: ID!) { codeImport(id: $i) { id } codeDistribution(id: $d) { id } }",
            token,
            i=started,
            d=distribution,
        )
        assert [value is not None for value in found.values()] == [sees, sees], who
        representations = [
            {"__typename": "Event", "id": codes.events[0]},
            {"__typename": "Wave", "id": wave},
            {"__typename": "CodePool", "id": pool},
        ]
        fragment = (
            "... on Event { codePool { id } } ... on Wave { distribution { id } } ... on CodePool { id }"
        )
        event, its_wave, itself = await codes.service.entities(fragment, representations, token=token)
        assert (event["codePool"], its_wave["distribution"], itself) == (
            ({"id": pool}, {"id": distribution}, {"id": pool}) if sees else (None, None, None)
        ), who


async def test_nobody_asks_by_id_without_signing_in(codes: Codes) -> None:
    for field in ("accessCode", "codeImport", "codeDistribution"):
        answer = await codes.service.graphql(f'{{ {field}(id: "x") {{ id }} }}')
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_the_code_service_itself_gives_the_value_to_its_owner_only(codes: Codes) -> None:
    await codes.pool(codes.events[0], 1)
    winner = Winner(codes.events[0])
    await codes.assign(codes.entries.wave(codes.campaign, [winner]))
    await codes.work()
    for actor, sees in ((winner.user, True), (new_id("usr"), False), (None, False)):
        headers = {"x-actor": actor} if actor else {}
        answer = await codes.service.rest(
            "POST", "/codes/batch", {"selection_ids": [winner.id]}, headers=headers
        )
        [code] = answer.json()["codes"]
        assert (code["value"] is not None) is sees
