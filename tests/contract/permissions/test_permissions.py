"""The truth table, asked: every field of every subgraph in every persona's name, on real services and databases."""

from typing import Any

import pytest

from scripts.devtools import permissions
from scripts.devtools.permissions import PERSONAS, Table
from services import SERVICES
from services.codes.subgraph import types as codes_types
from services.kit.ids import new_id
from tests.contract.permissions.asking import Asker, object_types, schema_of
from tests.contract.permissions.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


def wrong(table: Table, persona: str, found: dict[str, str]) -> list[str]:
    """The cells that are not as the table says."""
    wanted = {question: _rule(table, question).outcomes[persona] for question in found}
    return [f"{q}: {persona}: {wanted[q]}, not {found[q]}" for q in found if found[q] != wanted[q]]


def _rule(table: Table, question: str) -> permissions.Rule:
    rule = table.rule_of(question)
    assert rule is not None
    return rule


@pytest.mark.parametrize("service", SERVICES)
async def test_every_cell_is_as_the_table_says(world: World, service: str) -> None:
    table = permissions.load(service)
    asker = Asker(world, table)
    differences = [each for p in PERSONAS for each in wrong(table, p, await asker.ask(p))]
    assert differences == []


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_not_hers_is_as_if_it_were_not_there(world: World, service: str) -> None:
    """Whoever tries ids learns nothing: those of others are refused in the same words as those of nothing."""
    table = permissions.load(service)
    unknown = {
        name: new_id(id_.partition("_")[0]) if name not in PERSONAS else "usr_" + "0" * 26
        for name, id_ in world.things.items()
    }
    for persona in ("another-fan", "outsider"):
        real, made_up = Asker(world, table), Asker(world, table, {**unknown, persona: world.things[persona]})
        for question in table.asks:
            root = question.partition(".")[0]
            if root in ("Query", "Mutation") and _rule(table, question).outcomes[persona] != "answered":
                answers = [await asker.answer_root(persona, question) for asker in (real, made_up)]
                assert _words(answers[0]) == _words(answers[1]), (persona, question)


async def test_negative_control_a_field_without_its_guard(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = object_types(schema_of("campaigns"))["Campaign"].fields["scoreRange"]
    guarded: Any = field.resolve
    monkeypatch.setattr(field, "resolve", guarded.args[1])
    table = permissions.load("campaigns")
    found = await Asker(world, table).ask("fan")
    assert "Campaign.scoreRange: fan: forbidden, not answered" in wrong(table, "fan", found)


async def test_negative_control_codes_shown_to_everybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everybody(*_: object) -> bool:
        return True

    monkeypatch.setattr(codes_types, "may_read_codes", everybody)
    table = permissions.load("codes")
    found = await Asker(world, table).ask("outsider")
    assert "AccessCode.masked: outsider: nothing, not answered" in wrong(table, "outsider", found)


def _words(answer: dict[str, Any]) -> Any:
    """An answer without what differs between any two requests."""
    errors = [(e["message"], e["extensions"]["code"], e["path"]) for e in answer.get("errors", ())]
    return answer.get("data"), errors
