"""Each backend is what its openapi.json says: whatever the document allows is answered as the document says, no 5xx."""

import json
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import requests
import schemathesis
from anyio.from_thread import BlockingPortal
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services import SERVICES
from tests.contract.permissions.world import World, uid
from tests.support.fuzzing import PERSONAS, examples, known_ids, repeatable, with_known_ids

load: Any = schemathesis.openapi.from_dict
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = {
    name: [
        result.ok()
        for result in load(
            json.loads((Path(__file__).parents[3] / "services" / name / "openapi.json").read_text())
        ).get_all_operations()
    ]
    for name in SERVICES
}
EACH = [(name, operation.label) for name in SERVICES for operation in OPERATIONS[name]]
EXAMPLES = examples(5)


@pytest.mark.parametrize(("name", "label"), EACH)
def test_an_operation_keeps_to_its_document(
    portal: BlockingPortal, played: World, name: str, label: str
) -> None:
    operation = next(one for one in OPERATIONS[name] if one.label == label)
    known = known_ids(played)

    @repeatable(EXAMPLES)
    @given(
        st.one_of(operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)),
        st.data(),
    )
    def holds(case: Any, data: Any) -> None:
        case.body = with_known_ids(case.body, known, data.draw)
        case.path_parameters = {
            place: data.draw(st.sampled_from(known)) if data.draw(st.booleans()) else value
            for place, value in (case.path_parameters or {}).items()
        }
        actor = data.draw(st.sampled_from([None, *map(uid, PERSONAS)]))
        case.validate_response(portal.call(send, played, name, case, actor), checks=CHECKS)

    holds()


async def send(world: World, name: str, case: Any, actor: str | None) -> httpx.Response:
    """The very bytes that schemathesis would send, to the backend in this process."""
    given = case.as_transport_kwargs(base_url="http://backend")
    known = {
        key: given[key] for key in ("method", "url", "headers", "json", "data", "params") if key in given
    }
    made = requests.Request(**known).prepare()
    headers = {"content-type": str(made.headers.get("content-type", "application/json"))}
    if actor:
        headers["x-actor"] = actor
    assert made.method is not None
    return await world.house.service(name)._backend.request(
        made.method, str(made.url), content=cast("bytes | str | None", made.body), headers=headers
    )


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("users", "/users/session", {"user_id": "usr_a", "issuer": "i", "subject": "s", "issued_at": 10**13}),
        ("users", "/users/session", {"user_id": "usr_a", "issuer": "i", "subject": "s", "issued_at": 10**30}),
        ("entries", "/users/entries", {"key": "usr_a", "limit": 10**12}),
    ],
)
def test_what_no_column_can_hold_is_refused(
    portal: BlockingPortal, played: World, name: str, path: str, body: dict[str, Any]
) -> None:
    answer = portal.call(played.house.service(name).rest, "POST", path, body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "VALIDATION_FAILED"
