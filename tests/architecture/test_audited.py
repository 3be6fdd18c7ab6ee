"""The audit test knows every mutation: as a fan's own, as one that writes nothing, or as a step that is played."""

import pytest

from tests.contract.audit.steps import FANS_OWN, READING, STEPS
from tests.contract.permissions.asking import object_types, schema_of


@pytest.mark.parametrize("service", sorted(FANS_OWN))
def test_every_mutation_has_its_place(service: str) -> None:
    mutations = {*object_types(schema_of(service))["Mutation"].fields}
    played = {step.mutation for step in STEPS if step.service == service}
    known = [FANS_OWN[service], READING[service], played]
    assert mutations == set[str]().union(*known), "add new mutations to tests/contract/audit/steps.py"
    assert sum(map(len, known)) == len(mutations), "a mutation has one place"
