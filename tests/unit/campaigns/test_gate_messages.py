# ruff: noqa: E501 - a sentence is shown whole
"""Gates in words: real sentences in eight locales, unambiguous however deep, in the reader's language."""

import re
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from services.campaigns.subgraph.gate_messages import explain
from services.kit.locales import COUNTRIES, LOCALES
from tests.unit.campaigns.campaigns import Campaigns

CARD = {"card": {"brands": ["VISA", "MASTERCARD", "AMEX"]}}
ACCOUNT = {"linked_account": {"providers": ["VERIZON", "CITI"]}}
PHONE = {"phone": True}
MEMBER = {"membership": True}
IDENTITY = {"identity": {"tier": "ASU"}}
TREE = {"all_of": [{"any_of": [CARD, ACCOUNT]}, PHONE]}


def test_a_tree_is_a_sentence_in_every_locale() -> None:
    assert {locale: explain(TREE, locale) for locale in LOCALES} == snapshot(
        {
            "en-US": "To enter, you need a confirmed phone number and either a verified Visa, Mastercard, or American Express card or a linked Verizon or Citi account.",
            "es-US": "Para registrarte necesitas un número de teléfono confirmado y ya sea una tarjeta Visa, Mastercard o American Express verificada o una cuenta de Verizon o Citi vinculada.",
            "en-CA": "To enter, you need a confirmed phone number and either a verified Visa, Mastercard or American Express card or a linked Verizon or Citi account.",
            "fr-CA": "Pour vous inscrire, il vous faut un numéro de téléphone confirmé et au choix une carte Visa, Mastercard ou American Express vérifiée ou un compte Verizon ou Citi associé.",
            "en-GB": "To enter, you need a confirmed phone number and either a verified Visa, Mastercard or American Express card or a linked Verizon or Citi account.",
            "en-IE": "To enter, you need a confirmed phone number and either a verified Visa, Mastercard or American Express card or a linked Verizon or Citi account.",
            "es-MX": "Para registrarte necesitas un número de teléfono confirmado y ya sea una tarjeta Visa, Mastercard o American Express verificada o una cuenta de Verizon o Citi vinculada.",
            "en-MX": "To enter, you need a confirmed phone number and either a verified Visa, Mastercard or American Express card or a linked Verizon or Citi account.",
        }
    )


def test_places_are_named_as_a_language_names_them() -> None:
    gate = {"region": {"countries": ["CA", "US", "GB"]}}
    assert {locale: explain(gate, locale) for locale in ("en-US", "fr-CA", "es-MX")} == snapshot(
        {
            "en-US": "To enter, you need a home address in Canada, the United States, or the United Kingdom.",
            "fr-CA": "Pour vous inscrire, il vous faut une adresse de domicile au Canada, aux États-Unis ou au Royaume-Uni.",
            "es-MX": "Para registrarte necesitas un domicilio en Canadá, en Estados Unidos o en el Reino Unido.",
        }
    )


def test_lists_in_lists_stand_in_brackets() -> None:
    gate = {"any_of": [{"all_of": [PHONE, IDENTITY]}, {"all_of": [MEMBER, ACCOUNT, PHONE]}]}
    assert explain(gate, "en-IE") == snapshot(
        "To enter, you need (both a confirmed phone number and an identity verified with photo ID and a selfie) or (all of a current membership, a linked Verizon or Citi account and a confirmed phone number)."
    )
    deep = {"all_of": [PHONE, {"any_of": [CARD, {"all_of": [IDENTITY, MEMBER]}]}]}
    assert explain(deep, "en-GB") == snapshot(
        "To enter, you need a confirmed phone number and (either a verified Visa, Mastercard or American Express card or both an identity verified with photo ID and a selfie and a current membership)."
    )


def test_a_list_of_one_is_what_it_holds_and_lists_of_a_kind_are_one() -> None:
    assert explain({"all_of": [{"any_of": [PHONE]}]}, "en-US") == explain(PHONE, "en-US")
    nested = {"all_of": [PHONE, {"all_of": [MEMBER, IDENTITY]}]}
    assert explain(nested, "fr-CA") == explain({"all_of": [PHONE, MEMBER, IDENTITY]}, "fr-CA")


def _some(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, unique=True)


LEAVES = st.one_of(
    st.just({"phone": True}),
    st.just({"membership": True}),
    st.just({"identity": {"tier": "ASU"}}),
    _some("VISA", "MASTERCARD", "AMEX", "DISCOVER").map(lambda brands: {"card": {"brands": brands}}),
    _some("VERIZON", "CITI").map(lambda names: {"linkedAccount": {"providers": names}}),
    _some(*COUNTRIES).map(lambda countries: {"region": {"countries": countries}}),
)


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(children, min_size=1, max_size=3)
    return st.one_of(several.map(lambda c: {"allOf": c}), several.map(lambda c: {"anyOf": c}))


COUNT = count(1000)
GATES = LEAVES | _nested(LEAVES | _nested(LEAVES | _nested(LEAVES | _nested(LEAVES))))

LEAF = """__typename ... on GateRequirement { explanation } ... on CardGate { brands } ... on LinkedAccountGate { providers } ... on IdentityGate { tier }
  ... on PhoneGate { required } ... on RegionGate { countries } ... on MembershipGate { required }"""


def _selection(depth: int) -> str:
    inner = f"{{ {_selection(depth - 1)} }}" if depth else "{ __typename }"
    return f"{LEAF} ... on AllOf {{ gates {inner} }} ... on AnyOf {{ gates {inner} }}"


def as_input(gate: dict[str, Any]) -> dict[str, Any]:
    """A gate read from the graph, as setGate takes it."""
    match gate["__typename"]:
        case "AllOf":
            return {"allOf": [as_input(child) for child in gate["gates"]]}
        case "AnyOf":
            return {"anyOf": [as_input(child) for child in gate["gates"]]}
        case "CardGate":
            return {"card": {"brands": gate["brands"]}}
        case "LinkedAccountGate":
            return {"linkedAccount": {"providers": gate["providers"]}}
        case "IdentityGate":
            return {"identity": {"tier": gate["tier"]}}
        case "RegionGate":
            return {"region": {"countries": gate["countries"]}}
        case kind:
            return {"phone": True} if kind == "PhoneGate" else {"membership": True}


def size(gate: Any) -> int:
    """How many nodes a gate has."""
    return 1 + sum(map(size, gate.get("allOf") or gate.get("anyOf") or []))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gate=GATES)
async def test_what_is_set_is_read_back_and_explained(campaigns: Campaigns, gate: dict[str, Any]) -> None:
    id_ = (await campaigns.create(slug=f"tour-{next(COUNT)}"))["campaign"]["id"]
    set_ = await campaigns.mutate("setGate", "", {"id": id_, "gate": gate})
    if size(gate) > 50:
        assert [issue["code"] for issue in set_["issues"]] == ["TOO_MANY"]
        return
    page = await campaigns.campaign(id_, f"gateExplanation gate {{ {_selection(4)} }}")
    assert as_input(page["gate"]) == gate
    assert page["gateExplanation"] == page["gate"]["explanation"]
    for locale in LOCALES:
        assert_readable(await _explanation(campaigns, id_, locale))


async def _explanation(campaigns: Campaigns, id_: str, locale: str) -> str:
    return (await campaigns.campaign(id_, f'gateExplanation(locale: "{locale}")'))["gateExplanation"]


def assert_readable(sentence: str) -> None:
    """One sentence, nothing left to fill in, brackets in pairs, no sound that Spanish avoids ('y i', 'o o')."""
    assert sentence.endswith(".")
    assert sentence.count(".") == 1
    assert not re.search(r"[{}_]|  |\b(y h?i|o h?o)\w", sentence)
    depth = 0
    for character in sentence:
        depth += {"(": 1, ")": -1}.get(character, 0)
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    ("argument", "header", "begins"),
    [
        (None, None, "Pour vous inscrire"),  # the campaign's own
        (None, "es-US,es;q=0.9", "Para registrarte"),
        (None, "de-DE", "Pour vous inscrire"),
        ("en-IE", "es-US", "To enter"),
    ],
)
async def test_the_reader_s_language_counts_before_the_campaign_s(
    campaigns: Campaigns, argument: str | None, header: str | None, begins: str
) -> None:
    contents = [{"locale": "fr-CA", "title": "La tournée"}]
    created = await campaigns.create(defaultLocale="fr-CA", contents=contents, gate={"phone": True})
    id_ = created["campaign"]["id"]
    asked = f'(locale: "{argument}")' if argument else ""
    headers = {"accept_language": header} if header else {}
    page = await campaigns.campaign(
        id_, f"gateExplanation{asked} gate {{ ... on GateRequirement {{ explanation{asked} }} }}", **headers
    )
    assert page["gateExplanation"].startswith(begins)
    assert page["gate"]["explanation"] == page["gateExplanation"]


async def test_where_everybody_can_enter_there_is_nothing_to_explain(campaigns: Campaigns) -> None:
    id_ = (await campaigns.create())["campaign"]["id"]
    assert await campaigns.campaign(id_, "gate { __typename } gateExplanation") == {
        "gate": None,
        "gateExplanation": None,
    }
