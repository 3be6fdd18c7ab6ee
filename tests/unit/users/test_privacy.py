"""Do not sell: by her own choice, or by her browser's signal."""

from typing import Any

from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.users.world import EntriesPeer, deliver_all

PRIVACY = "privacy { doNotSell source }"
SIGNAL = {"sec-gpc": "1"}


async def look(users: ServiceUnderTest, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = await users.graphql(f"{{ viewer {{ {PRIVACY} }} }}", token=issuer.token("ada"), headers=headers)
    return answer["data"]["viewer"]["privacy"]


async def choose(
    users: ServiceUnderTest, do_not_sell: bool, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = await users.graphql(
        "mutation ($input: UpdatePrivacySettingsInput!) { updatePrivacySettings(input: $input) {"
        f" ... on PrivacySettingsUpdated {{ user {{ {PRIVACY} }} }} }} }}",
        {"input": {"doNotSell": do_not_sell}},
        token=issuer.token("ada"),
        headers=headers,
    )
    return answer["data"]["updatePrivacySettings"]["user"]["privacy"]


async def test_nobody_has_chosen_at_first(users: ServiceUnderTest) -> None:
    assert await look(users) == {"doNotSell": False, "source": "DEFAULT"}


async def test_the_signal_sets_it_once_and_its_absence_never_unsets_it(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    opted_out = {"doNotSell": True, "source": "GPC"}
    for headers in (SIGNAL, None, SIGNAL, {"sec-gpc": "0"}):
        assert await look(users, headers) == opted_out
    assert [snapshot["do_not_sell"] for snapshot in entries.of("ada")] == [True]


async def test_the_signal_on_a_known_user_and_on_a_mutation(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    await look(users)
    await deliver_all(users)
    await users.graphql(
        'mutation { updateProfile(input: { displayName: "A" }) { __typename } }',
        token=issuer.token("ada"),
        headers=SIGNAL,
    )
    assert await look(users) == {"doNotSell": True, "source": "GPC"}
    assert [snapshot["do_not_sell"] for snapshot in entries.of("ada")] == [False, True]


async def test_only_1_is_the_signal(users: ServiceUnderTest) -> None:
    for value in ("0", "true", "", "11"):
        assert (await look(users, {"sec-gpc": value}))["doNotSell"] is False


async def test_her_own_choice_stands_and_is_published_at_once(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    assert await choose(users, True) == {"doNotSell": True, "source": "USER"}
    assert entries.of("ada")[-1]["do_not_sell"] is True
    published = len(entries.snapshots)
    assert await choose(users, True) == {"doNotSell": True, "source": "USER"}
    assert len(entries.snapshots) == published
    assert await choose(users, False) == {"doNotSell": False, "source": "USER"}
    assert entries.of("ada")[-1]["do_not_sell"] is False


async def test_the_first_signal_overrules_an_earlier_choice_and_a_later_choice_stands(
    users: ServiceUnderTest, entries: EntriesPeer
) -> None:
    assert await choose(users, False) == {"doNotSell": False, "source": "USER"}
    assert await look(users, SIGNAL) == {"doNotSell": True, "source": "GPC"}
    assert await look(users) == {"doNotSell": True, "source": "GPC"}
    assert await choose(users, False, SIGNAL) == {"doNotSell": False, "source": "USER"}
    for headers in (SIGNAL, None, SIGNAL):
        assert await look(users, headers) == {"doNotSell": False, "source": "USER"}
    assert [snapshot["do_not_sell"] for snapshot in entries.of("ada")][-3:] == [False, True, False]


async def test_opting_in_by_a_browser_that_signals_is_a_choice_after_the_signal(
    users: ServiceUnderTest,
) -> None:
    assert await choose(users, False, SIGNAL) == {"doNotSell": False, "source": "USER"}
    assert await look(users, SIGNAL) == {"doNotSell": False, "source": "USER"}


async def test_the_signal_leaves_her_own_opt_out_hers_and_is_remembered(users: ServiceUnderTest) -> None:
    assert await choose(users, True) == {"doNotSell": True, "source": "USER"}
    assert await look(users, SIGNAL) == {"doNotSell": True, "source": "USER"}
    await choose(users, False)
    assert await look(users, SIGNAL) == {"doNotSell": False, "source": "USER"}


async def test_nobody_cannot_choose(users: ServiceUnderTest) -> None:
    answer = await users.graphql(
        "mutation { updatePrivacySettings(input: { doNotSell: true }) { __typename } }", headers=SIGNAL
    )
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
