"""Exports that say whose rows they are, and of codes: for those who may see that, at the start and at download."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from services.kit.access import AccessAnswers, AccessChecks
from services.kit.ids import new_id
from tests.support.service import ServiceUnderTest
from tests.unit.entries.draws import STAFF, Staff, closed_campaign
from tests.unit.entries.exporting import START, download, job, rows_of, start, written
from tests.unit.entries.registrations import entries_service, fan, id_of, tell
from tests.unit.entries.test_personal_data import erase, erasure


class Peers:
    """The User Service and the Code Service as entries sees them."""

    def __init__(self) -> None:
        self.granted: set[tuple[str, str, str | None]] = set()
        self.asked: list[int] = []
        self.codes: list[dict[str, Any]] = []

    def transports(self) -> dict[str, httpx.MockTransport]:
        return {"users": httpx.MockTransport(self._users), "codes": httpx.MockTransport(self._codes)}

    def _users(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/access/check":
            checks = msgspec.json.decode(request.content, type=AccessChecks).checks
            allowed = [
                any((c.user_id, c.permission, at) in self.granted for at in (None, c.team_id, c.campaign_id))
                for c in checks
            ]
            return httpx.Response(200, content=msgspec.json.encode(AccessAnswers(allowed)))
        if request.url.path != "/users/contacts":
            return httpx.Response(200, json=None)
        ids = msgspec.json.decode(request.content)["ids"]
        assert 0 < len(ids) <= 1000
        self.asked.append(len(ids))
        contacts = [
            {
                "id": id_,
                "email": f"{id_}@example.com",
                "phone": "+15551230000",
                "locale": "en-US",
                "display_name": "=A",
            }
            for id_ in ids
            if id_ != id_of("fan-5")
        ]
        return httpx.Response(200, json={"contacts": contacts})

    def _codes(self, request: httpx.Request) -> httpx.Response:
        asked = msgspec.json.decode(request.content)
        assert (request.url.path, asked["limit"]) == ("/codes/export-page", 5000)
        start = int((asked["after"] or "/0").partition("/")[2])
        page = self.codes[start : start + 10]
        following = start + 10
        return httpx.Response(
            200, json={"codes": page, "next": f"pool/{following}" if following < len(self.codes) else None}
        )


@asynccontextmanager
async def house(database: Any) -> AsyncIterator[tuple[ServiceUnderTest, Peers]]:
    peers = Peers()
    async with entries_service(database, transports=peers.transports()) as service:
        service.granted = peers.granted
        yield service, peers


def staff(service: ServiceUnderTest, *more: str) -> Staff:
    return Staff(service, permissions=(*STAFF, *more))


async def test_rows_say_whose_they_are(database: Any) -> None:
    async with house(database) as (service, peers):
        tour = await closed_campaign(service, fans=30)
        manager = staff(service, "PII_READ")
        for kind in ("ENTRIES", "ELIGIBILITY"):
            done, data = await written(
                service, manager, await start(manager, tour, kind=kind, personalData=True)
            )
            assert done["personalData"] is True
            rows = {row["user_id"]: row for row in rows_of(data)}
            assert rows[id_of("fan-3")]["email"] == f"{id_of('fan-3')}@example.com"
            assert (rows[id_of("fan-3")]["phone"], rows[id_of("fan-3")]["display_name"]) == (
                "'+15551230000",
                "'=A",
            )
            assert [rows[id_of("fan-5")][name] for name in ("email", "phone", "display_name")] == ["", "", ""]
        assert peers.asked == [30, 30]
        assert (await download(service, done["downloadUrl"])).content == data


async def test_without_the_wish_nobody_is_asked_who_they_are(database: Any) -> None:
    async with house(database) as (service, peers):
        tour = await closed_campaign(service, fans=3)
        manager = staff(service, "PII_READ")
        _, data = await written(service, manager, await start(manager, tour))
        assert b"email" not in data
        assert peers.asked == []


@pytest.mark.parametrize(
    ("input", "needed"), [({"personalData": True}, "PII_READ"), ({"kind": "CODES"}, "CODE_READ")]
)
async def test_what_is_in_a_file_must_be_hers_to_see(
    database: Any, input: dict[str, Any], needed: str
) -> None:
    async with house(database) as (service, _):
        tour = await closed_campaign(service, fans=3)
        plain = staff(service)
        asked = {"campaignId": tour["id"], "kind": "ENTRIES", **input}
        refused = await service.graphql(START, {"input": asked}, token=plain.token)
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"

        entitled = Staff(service, "entitled", (*STAFF, needed))
        done, _ = await written(service, entitled, await start(entitled, tour, **input))
        assert (await job(service, plain, done["id"]))["downloadUrl"] is None, (
            "she could not have asked for it"
        )
        assert (await download(service, done["downloadUrl"])).status_code == 200
        service.granted.discard((id_of("entitled"), needed, None))
        assert (await download(service, done["downloadUrl"])).status_code == 403


async def test_an_erased_fan_is_in_no_later_file(database: Any) -> None:
    async with house(database) as (service, _):
        tour = await closed_campaign(service, fans=5)
        manager = staff(service, "PII_READ")
        await erase(service, erasure("fan-2"))
        done, data = await written(service, manager, await start(manager, tour, personalData=True))
        assert done["rowCount"] == 5
        assert id_of("fan-2").encode() not in data


async def test_codes_come_page_by_page_masked(database: Any) -> None:
    async with house(database) as (service, peers):
        tour = await closed_campaign(service, fans=30, shares_fan_data=True)
        manager = staff(service, "CODE_READ")
        for number in range(25):
            code = {"id": new_id("cod"), "event_id": tour["events"][0]["id"], "masked": f"…{number:04}"}
            held = {"state": "ASSIGNED", "user_id": id_of(f"fan-{number}"), "redeemed": number % 3 or None}
            peers.codes.append({**code, **(held if number else {"state": "AVAILABLE"})})
        done, data = await written(service, manager, await start(manager, tour, kind="CODES"))
        rows = rows_of(data)
        assert done["rowCount"] == 25
        assert [row["code_id"] for row in rows] == [code["id"] for code in peers.codes]
        assert rows[4] | {"event_name": "A night in Chicago", "masked": "…0004", "redeemed": "1"} == rows[4]
        await tell(service, fan("fan-7", do_not_sell=True))
        done, data = await written(
            service, manager, await start(manager, tour, kind="CODES", purpose="SHARING")
        )
        assert done["rowCount"] == 24
        assert id_of("fan-7").encode() not in data


async def test_codes_have_no_entry_states(database: Any) -> None:
    async with house(database) as (service, _):
        tour = await closed_campaign(service, fans=1)
        manager = staff(service, "CODE_READ")
        asked = {"campaignId": tour["id"], "kind": "CODES", "filter": {"states": ["ACCEPTED"]}}
        answer = await manager.ask(START, asked)
        assert answer["__typename"] == "ValidationFailed"
        assert answer["issues"][0]["code"] == "NOT_FOR_CODES"
