"""What users lets go of beside a person's rows: how often she asked, what was sent to her, in which language."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.codes.backend.mail_sender import Mail, OutboxMailSender
from services.kit.ids import new_id
from services.kit.privacy import Erasure
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import World, uid

PHONE = "+12025550147"
START = """
mutation ($input: StartPhoneVerificationInput!) {
  startPhoneVerification(input: $input) { __typename ... on Error { code message } }
}
"""


async def start(users: ServiceUnderTest, subject: str, **claims: Any) -> str:
    token = issuer.token(subject, **claims)
    answer = await users.graphql(START, {"input": {"phone": PHONE, "channel": "SMS"}}, token=token)
    return answer["data"]["startPhoneVerification"]["__typename"]


async def erase(users: ServiceUnderTest, subject: str) -> None:
    wanted = Erasure(new_id("prv"), uid(subject), datetime.now(UTC))
    answer = await users.rest("POST", "/personal-data/erase", wanted)
    assert answer.status_code == 200, answer.text


async def counted(users: ServiceUnderTest) -> dict[str, int]:
    rows = await users.resources.database.pool.fetch("SELECT scope, taken FROM phone_counter")
    return {row["scope"]: row["taken"] for row in rows}


def receivers(outbox: Path) -> list[str]:
    return [json.loads(line)["to"] for line in outbox.read_text().splitlines()]


async def test_what_she_asked_for_is_forgotten_and_what_her_number_took_is_not(
    users: ServiceUnderTest,
) -> None:
    """Or erasing an account would be a way to send a number more messages than it may be sent."""
    assert await start(users, "ada") == "PhoneVerificationStarted"
    assert (await counted(users)).keys() >= {"user", "number"}
    await erase(users, "ada")
    assert (left := await counted(users))["number"] == 1
    assert {"user", "resend"}.isdisjoint(left)
    later = int((datetime.now(UTC) + timedelta(seconds=2)).timestamp())
    assert await start(users, "ada", iat=later) == "PhoneVerificationStarted"
    assert (await counted(users))["number"] == 2


async def test_the_development_outbox_forgets_her_messages_and_mails_alone(
    users: ServiceUnderTest, sms_outbox: Path
) -> None:
    assert await start(users, "ada") == "PhoneVerificationStarted"
    mails = OutboxMailSender(sms_outbox)
    for address in ("ada@example.com", "bob@example.com"):
        await mails.send(Mail(address, "Your code", "ALPHA-1", new_id("msg")))
    await erase(users, "ada")
    assert receivers(sms_outbox) == ["bob@example.com"]


async def test_the_archive_says_what_was_done_to_her_place_in_a_team(
    users: ServiceUnderTest, world: World
) -> None:
    removal = "mutation ($input: RemoveTeamMemberInput!) { removeTeamMember(input: $input) { __typename } }"
    member = {"teamId": world.team, "userId": uid("viewer")}
    await users.graphql(removal, {"input": member}, token=issuer.token("owner"))
    body = {"user_id": uid("viewer"), "after": "action:"}
    page = (await users.rest("POST", "/personal-data/collect", body)).json()
    actions = [(record["data"]["action"], record["data"]["by_herself"]) for record in page["records"]]
    assert actions == [("removeTeamMember", False)]


async def test_a_request_to_be_erased_keeps_no_language(users: ServiceUnderTest) -> None:
    asked = "mutation { requestErasure(input: {}) { __typename } }"
    token = issuer.token("ada", locale="fr-CA")
    await users.graphql("{ viewer { id } }", token=token)
    await users.graphql(asked, token=token)
    [row] = await users.resources.database.pool.fetch("SELECT kind, locale FROM privacy_request")
    assert tuple(row) == ("ERASURE", None)
