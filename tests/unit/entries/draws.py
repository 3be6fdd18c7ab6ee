"""Full campaigns and the steps of a wave, for the tests of this folder."""

from random import Random
from typing import Any

from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import campaign, id_of, publish

WAVE = """
fragment wave on Wave {
  id name state strategy reassignment scoreRange { min max } campaign { id }
  capacities { event { id } market { id } capacity selected }
  draw { algorithm rosterRoot seedCommitment seed outcomeHash }
  summary { eligible selected firstChoiceShare }
  job { id state progress failure finishedAt }
}
"""
FAILURE = "... on Error { code message path } ... on ValidationFailed { issues { path code message } }"
CREATE = f"""
mutation ($input: CreateWaveInput!) {{
  createWave(input: $input) {{ __typename ... on WaveCreated {{ replayed wave {{ ...wave }} }} {FAILURE} }}
}}
{WAVE}
"""
PREVIEW = f"""
mutation ($input: PreviewSelectionInput!) {{
  previewSelection(input: $input) {{
    __typename {FAILURE}
    ... on SelectionPreview {{
      eligible selected firstChoiceShare markets {{ market {{ id }} capacity demand selected shortfall }}
    }}
  }}
}}
"""
RUN = f"""
mutation ($input: RunSelectionInput!) {{
  runSelection(input: $input) {{
    __typename ... on SelectionStarted {{ replayed job {{ id state }} wave {{ ...wave }} }}
    ... on IllegalTransition {{ from to }} ... on Error {{ code message path }}
  }}
}}
{WAVE}
"""
STAFF = ("SELECTION_READ", "SELECTION_RUN", "ENTRY_READ", "METRICS_READ", "EXPORT_RUN")


def step(name: str) -> str:
    """commitWave, finalizeWave or cancelWave."""
    kind = {"commitWave": "CommitWave", "finalizeWave": "FinalizeWave", "cancelWave": "CancelWave"}[name]
    done = {"commitWave": "WaveCommitted", "finalizeWave": "WaveFinalized", "cancelWave": "WaveCancelled"}[
        name
    ]
    return f"""
    mutation ($input: {kind}Input!) {{
      {name}(input: $input) {{
        __typename ... on {done} {{ wave {{ ...wave }} }}
        ... on IllegalTransition {{ from to }} ... on Error {{ code message path }}
      }}
    }}
    {WAVE}
    """


class Staff:
    """A member of staff, with all permissions of this service unless told otherwise."""

    def __init__(
        self, service: ServiceUnderTest, subject: str = "manager", permissions: tuple[str, ...] = STAFF
    ) -> None:
        self._service = service
        for permission in permissions:
            self.token = service.grant(subject, permission)

    async def create(self, of: dict[str, Any], **input: Any) -> dict[str, Any]:
        """What createWave answers; a lottery of all allocations unless told otherwise."""
        wave = {"campaignId": of["id"], "name": "First wave", "strategy": "RANDOM_PRIORITY", **input}
        return await self.ask(CREATE, wave)

    async def draft(self, of: dict[str, Any], **input: Any) -> str:
        """The id of a new wave."""
        answer = await self.create(of, **input)
        assert answer["__typename"] == "WaveCreated", answer
        return answer["wave"]["id"]

    async def commit(self, wave_id: str) -> dict[str, Any]:
        return await self.ask(step("commitWave"), {"waveId": wave_id})

    async def run(self, wave_id: str, **input: Any) -> dict[str, Any]:
        return await self.ask(RUN, {"waveId": wave_id, **input})

    async def finalize(self, wave_id: str) -> dict[str, Any]:
        return await self.ask(step("finalizeWave"), {"waveId": wave_id})

    async def cancel(self, wave_id: str) -> dict[str, Any]:
        return await self.ask(step("cancelWave"), {"waveId": wave_id})

    async def drawn(self, of: dict[str, Any], **input: Any) -> str:
        """A new wave that has been committed and drawn, not yet final."""
        wave_id = await self.draft(of, **input)
        assert (await self.commit(wave_id))["__typename"] == "WaveCommitted"
        assert (await self.run(wave_id))["__typename"] == "SelectionStarted"
        await self._service.resources.selections.draw(wave_id)
        return wave_id

    async def final(self, of: dict[str, Any], **input: Any) -> str:
        """A new wave that is final."""
        wave_id = await self.drawn(of, **input)
        assert (await self.finalize(wave_id))["__typename"] == "WaveFinalized"
        return wave_id

    async def ask(self, query: str, input: dict[str, Any]) -> Any:
        """The answer to a mutation; fails on errors."""
        answer = await self._service.graphql(query, {"input": input}, token=self.token)
        assert "errors" not in answer, answer["errors"]
        [result] = answer["data"].values()
        return result


async def registered(service: ServiceUnderTest, of: dict[str, Any], fans: int, *, seed: int = 1) -> None:
    """Registers fans with random wishes for parties of 1 to 4, all at once."""
    random = Random(seed)
    markets = [market["id"] for market in of["markets"]]
    for start in range(0, fans, 500):
        submissions = [
            {
                "campaign_id": of["id"],
                "identity": {
                    "user_id": id_of(f"fan-{number}"),
                    "issuer": "http://issuer.test",
                    "subject": f"fan-{number}",
                    "email": f"fan-{number}@example.com",
                    "country": random.choice(["US", "CA", None]),
                },
                "preferences": random.sample(markets, random.randint(1, len(markets))),
                "ticket_quantity": random.randint(1, 4),
            }
            for number in range(start, min(start + 500, fans))
        ]
        answer = await service.rest("POST", "/entries/submissions", {"submissions": submissions})
        assert {outcome["outcome"] for outcome in answer.json()["outcomes"]} == {"submitted"}


async def close(service: ServiceUnderTest, of: dict[str, Any], **changes: Any) -> None:
    """Ends a campaign's registration."""
    await publish(service, {**of, "version": of["version"] + 1, "state": "CLOSED", **changes})


async def closed_campaign(
    service: ServiceUnderTest, fans: int, *, allocation: int = 40, **changes: Any
) -> dict[str, Any]:
    """A campaign whose registration is over."""
    tour = campaign(**changes)
    for event in tour["events"]:
        event["allocation"] = allocation
    await publish(service, tour)
    await registered(service, tour, fans)
    await close(service, tour)
    return tour


async def outcome(service: ServiceUnderTest, wave_id: str) -> list[tuple[str, str, str]]:
    """(selection, entry, event) of each winner, in id order."""
    rows = await service.resources.database.pool.fetch(
        "SELECT id, entry_id, event_id FROM selection WHERE wave_id = $1 ORDER BY id", wave_id
    )
    return [tuple(row) for row in rows]
