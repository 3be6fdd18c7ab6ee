"""From users to entries: what was proved before a deadline counts, though entries could not be reached then."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.devtools.databases import ServiceDatabase
from tests.support.proof_providers import Providers
from tests.support.service import ServiceUnderTest, open_service
from tests.unit.entries.registrations import campaign, publish, submit, wishes
from tests.unit.users.proving import link
from tests.unit.users.test_phone import confirm, start
from tests.unit.users.world import EntriesPeer, code_in, deliver_all, sent, uid


class Line(httpx.AsyncBaseTransport):
    """The line from users to entries, which may be cut."""

    def __init__(self, entries: Any) -> None:
        self._entries = httpx.ASGITransport(entries)
        self.cut = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.cut:
            raise httpx.ConnectError("the line is cut")
        return await self._entries.handle_async_request(request)


async def open_both(
    stack: AsyncExitStack, database: Callable[[str], ServiceDatabase], outbox: Path, providers: Providers
) -> tuple[ServiceUnderTest, ServiceUnderTest, Line]:
    entries = await stack.enter_async_context(open_service("entries", database("entries").service_dsn))
    line = Line(entries.backend)
    users = await stack.enter_async_context(
        open_service(
            "users",
            database("users").service_dsn,
            transports={"entries": line},
            sms_outbox=outbox,
            phone_resend_seconds=0,
            **providers.settings,
        )
    )
    return users, entries, line


@pytest.mark.parametrize("in_time", [True, False], ids=["confirmed in time", "confirmed too late"])
@pytest.mark.parametrize("job_ran", [True, False], ids=["after the job", "before the job"])
async def test_a_phone_confirmed_while_entries_is_away(
    database: Any, sms_outbox: Path, providers: Providers, in_time: bool, job_ran: bool
) -> None:
    async with AsyncExitStack() as stack:
        users, entries, line = await open_both(stack, database, sms_outbox, providers)
        tour = campaign(phone_required=True)
        await publish(entries, tour)
        entry_id = (await submit(entries, "ada", wishes(tour)))["entry"]["id"]
        line.cut = True

        async def confirm_by_code() -> None:
            started = await start(users)
            answer = await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[-1]))
            assert answer["__typename"] == "PhoneConfirmed"

        if in_time:
            await confirm_by_code()
        await publish(entries, {**tour, "version": 2, "state": "CLOSED"})
        if job_ran:
            assert await entries.resources.snapshots.invalidate_unconfirmed() == 1
        if not in_time:
            await confirm_by_code()
        [entry] = await entries.resources.store.entries([entry_id])
        assert entry.state == "INVALIDATED"
        line.cut = False
        for _ in range(2):
            await deliver_all(users)
        [entry] = await entries.resources.store.entries([entry_id])
        assert entry.state == ("ACCEPTED" if in_time else "INVALIDATED")


async def test_another_number_later_does_not_hide_that_she_had_one_in_time(
    users: ServiceUnderTest, entries: EntriesPeer, sms_outbox: Path
) -> None:
    for phone in ("+12125550101", "+12125550102"):
        started = await start(users, phone=phone)
        await confirm(users, started["verificationId"], code_in(sent(sms_outbox)[-1]))
        await users.resources.database.pool.execute(
            "UPDATE app_user SET phone_since = phone_since - $1::interval", timedelta(hours=1)
        )
    first, second = [s["phone_verified_at"] for s in entries.of("ada") if s["phone_verified"]]
    assert second < first


async def test_a_link_opens_a_gate_at_once_and_unlinking_shuts_it(
    database: Any, sms_outbox: Path, providers: Providers
) -> None:
    async with AsyncExitStack() as stack:
        users, entries, _ = await open_both(stack, database, sms_outbox, providers)
        tour = campaign(gate={"linked_account": {"providers": ["VERIZON"]}})
        await publish(entries, tour)
        assert (await submit(entries, "ada", wishes(tour)))["__typename"] == "GateUnmet"
        assert (await link(users, "ada"))["__typename"] == "AccountLinked"
        assert (await submit(entries, "ada", wishes(tour)))["__typename"] == "EntrySubmitted"
        await users.resources.accounts.unlink(uid("ada"), "VERIZON")
        [reasons] = (
            await entries.resources.store.eligibility_of_entries(
                [row["id"] for row in await entries.resources.database.pool.fetch("SELECT id FROM entry")]
            )
        ).values()
        assert [reason.code for reason in reasons] == ["ACCOUNT_REQUIRED"]
