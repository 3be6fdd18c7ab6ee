"""How other services learn where to reach a user: what she confirmed, all at once, by the backend's key alone."""

from collections.abc import Callable

from scripts.devtools.databases import ServiceDatabase
from services.kit.ids import new_id, user_id
from tests.support import issuer
from tests.support.service import open_service


async def test_contacts_of_fifty_are_one_statement(database: Callable[[str], ServiceDatabase]) -> None:
    async with open_service("users", database("users").service_dsn) as users:
        names = [f"fan-{n}" for n in range(50)]
        sightings = [
            {"user_id": user_id(issuer.ISSUER, name), "issuer": issuer.ISSUER, "subject": name,
             "email": f"{name}@example.com", "name": None, "member_id": None, "country": "US", "locale": "en-US"}
            for name in names
        ]  # fmt: skip
        assert (await users.rest("POST", "/users/sightings", {"sightings": sightings})).status_code == 200
        before = users.resources.database.statements
        ids = [each["user_id"] for each in sightings]
        answer = await users.rest("POST", "/users/contacts", {"ids": [*ids, new_id("usr")]})
        assert users.resources.database.statements - before == 1
        found = {contact["id"]: contact for contact in answer.json()["contacts"]}
        assert found == {
            each["user_id"]: {
                "id": each["user_id"], "email": each["email"], "phone": None, "locale": "en-US", "display_name": None,
            }
            for each in sightings
        }  # fmt: skip
        refused = await users.rest("POST", "/users/contacts", {"ids": ids}, headers={"x-backend-key": "x"})
        assert refused.status_code == 401
