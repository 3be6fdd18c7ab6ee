"""A campaign sells in its countries, whether or not a gate says so."""

from typing import Any

import pytest

from tests.support import issuer
from tests.unit.entries.registrations import campaign, entries_service, fan, publish, submit, tell, wishes

GATE = {"region": {"countries": ["IE"]}}
PAGE = """
query ($of: [_Any!]!, $locale: Locale) {
  _entities(representations: $of) {
    ... on Campaign { viewerEligibility(locale: $locale) { reasons { code message } } }
  }
}
"""


@pytest.mark.parametrize(
    ("gate", "token", "known", "outcome"),
    [
        (None, "US", None, "EntrySubmitted"),
        (None, "MX", None, "GateUnmet"),
        (None, None, "MX", "GateUnmet"),
        (None, None, None, "EntrySubmitted"),
        (GATE, "US", None, "GateUnmet"),
        (GATE, "IE", None, "EntrySubmitted"),
        (GATE, None, None, "GateUnmet"),
    ],
)
async def test_where_she_lives(
    shared_database: Any, gate: Any, token: str | None, known: str | None, outcome: str
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(countries=["US", "IE"], gate=gate)
        await publish(service, tour)
        name = f"ann-{tour['id']}"
        await tell(service, fan(name, country=known))
        answer = await submit(service, name, wishes(tour), country=token)
        assert answer["__typename"] == outcome
        if outcome == "GateUnmet":
            assert [reason["code"] for reason in answer["reasons"]] == ["REGION_NOT_SERVED"]


@pytest.mark.parametrize(
    ("locale", "header", "message"),
    [
        (None, "en-IE", "This presale is only for fans in United States or Ireland."),
        ("fr-CA", "en-IE", "Cette prévente est réservée aux fans des pays suivants : États-Unis ou Irlande."),
        ("es-MX", None, "Esta preventa es solo para fans en Estados Unidos o Irlanda."),
    ],
)
async def test_reasons_are_in_the_readers_language(
    shared_database: Any, locale: str | None, header: str | None, message: str
) -> None:
    async with entries_service(shared_database) as service:
        tour = campaign(countries=["US", "IE"])
        await publish(service, tour)
        answer = await service.graphql(
            PAGE,
            {"of": [{"__typename": "Campaign", "id": tour["id"]}], "locale": locale},
            token=issuer.token("ann", country="MX"),
            headers={"accept-language": header} if header else None,
        )
        [entity] = answer["data"]["_entities"]
        assert entity["viewerEligibility"]["reasons"] == [{"code": "REGION_NOT_SERVED", "message": message}]
