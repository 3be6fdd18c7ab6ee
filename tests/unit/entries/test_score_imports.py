"""Scores from outside: by file, and by REST. Bad lines are named, good ones kept, and what is known changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import obstore
import pytest

from services.entries.backend import score_imports_store, wire
from services.entries.backend.external_scores_store import ExternalScoreStore
from services.entries.backend.score_imports_store import ScoreImportStore
from services.kit.ids import new_id
from tests.support import issuer
from tests.support.service import ServiceUnderTest
from tests.unit.entries.registrations import (
    campaign,
    entries_service,
    fan,
    id_of,
    publish,
    submit,
    tell,
    wishes,
)

IMPORT = """
mutation ($input: ImportScoresInput!) {
  importScores(input: $input) {
    __typename
    ... on ScoreImportStarted { replayed import { id state progress } }
    ... on ValidationFailed { issues { path code } }
    ... on Error { code message }
  }
}
"""
READ = """
query ($id: ID!) {
  scoreImport(id: $id) { state progress accepted duplicates malformed failure errors(first: 10) { line code message } }
}
"""


class Uploads:
    """The Campaign Service's answer about uploads, at the seam between services."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, Any]] = {}

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            ids = msgspec.json.decode(request.content)["ids"]
            return httpx.Response(
                200, json={"uploads": [self.known[id_] for id_ in ids if id_ in self.known]}
            )

        return httpx.MockTransport(answer)

    async def add(self, service: ServiceUnderTest, tour: dict[str, Any], text: str, **changes: Any) -> str:
        """A file that was sent in and looked through."""
        id_, data = new_id("upl"), text.encode()
        await obstore.put_async(service.resources.files, f"uploads/{id_}", data)
        self.known[id_] = {
            "id": id_,
            "purpose": "SCORE_IMPORT",
            "state": "READY",
            "campaign_id": tour["id"],
            "file": f"uploads/{id_}",
            "byte_size": len(data),
            **changes,
        }
        return id_


@asynccontextmanager
async def service_with_uploads(database: Any) -> AsyncIterator[tuple[ServiceUnderTest, Uploads]]:
    uploads = Uploads()
    async with entries_service(database, transports={"campaigns": uploads.transport()}) as service:
        yield service, uploads


async def run(service: ServiceUnderTest, tour: dict[str, Any], upload: str, **more: Any) -> dict[str, Any]:
    """An import, started and read to its end."""
    reviewer = service.grant("reviewer", "ENTRY_REVIEW")
    given = {"campaignId": tour["id"], "uploadId": upload, **more}
    answer = await service.graphql(IMPORT, {"input": given}, token=reviewer)
    assert "errors" not in answer, answer
    started = answer["data"]["importScores"]
    if started["__typename"] != "ScoreImportStarted":
        return started
    await service.resources.score_imports.read(started["import"]["id"])
    found = await service.graphql(READ, {"id": started["import"]["id"]}, token=reviewer)
    return {**found["data"]["scoreImport"], "replayed": started["replayed"], "id": started["import"]["id"]}


async def scores(service: ServiceUnderTest, *entry_ids: str) -> dict[str, tuple[float, str, list[str]]]:
    return {
        s.entry_id: (s.value, s.source, s.reasons) for s in await service.resources.scores.scores(entry_ids)
    }


async def enter(service: ServiceUnderTest, tour: dict[str, Any], *names: str) -> list[str]:
    return [(await submit(service, name, wishes(tour)))["entry"]["id"] for name in names]


async def test_good_lines_are_kept_bad_ones_named_and_a_second_time_changes_nothing(database: Any) -> None:
    async with service_with_uploads(database) as (service, uploads):
        tour, other = campaign(), campaign()
        await publish(service, tour, other)
        ann, bea = await enter(service, tour, "ann", "bea")
        [elsewhere] = await enter(service, other, "ann")
        text = f"entry_id,score,reasons\n{ann},0.9,LOYAL\n{bea},7,\n{ann},0.1,\n{elsewhere},0.5,\n\n{bea},0.25,BOT NEW"
        done = await run(service, tour, await uploads.add(service, tour, text))
        assert (done["state"], done["progress"], done["failure"]) == ("SUCCEEDED", 1.0, None)
        assert (done["accepted"], done["duplicates"], done["malformed"]) == (2, 1, 3)
        assert [(e["line"], e["code"]) for e in done["errors"]] == [
            (3, "BAD_SCORE"),
            (4, "DUPLICATE_IN_FILE"),
            (5, "UNKNOWN_ENTRY"),
            (6, "EMPTY"),
        ]
        given = {ann: (0.9, "EXTERNAL", ["LOYAL"]), bea: (0.25, "EXTERNAL", ["BOT", "NEW"])}
        assert await scores(service, ann, bea, elsewhere) == given
        before = await service.resources.scores.scores([ann, bea])
        again = await run(service, tour, await uploads.add(service, tour, text))
        assert (again["accepted"], again["duplicates"], again["malformed"]) == (0, 3, 3)
        assert await service.resources.scores.scores([ann, bea]) == before


async def test_an_outside_score_counts_before_the_built_in_one_whichever_comes_first(database: Any) -> None:
    async with service_with_uploads(database) as (service, uploads):
        tour = campaign()
        await publish(service, tour)
        ann, bea = await enter(service, tour, "ann", "bea")
        while await service.resources.scores.compute():
            pass
        await run(service, tour, await uploads.add(service, tour, f"score,entry_id\n0.125,{ann}"))
        await tell(service, fan("ann", phone_verified=True), fan("bea", phone_verified=True))
        while await service.resources.scores.compute():
            pass
        assert await scores(service, ann, bea) == {
            ann: (0.125, "EXTERNAL", []),
            bea: (0.7, "BUILT_IN", ["PHONE_CONFIRMED"]),
        }
        rows = await service.resources.database.pool.fetch("SELECT id, score FROM entry")
        assert {row["id"]: row["score"] for row in rows} == {ann: 0.125, bea: 0.7}


@pytest.mark.parametrize(("column", "value"), [("user_id", id_of("ann")), ("global_user_id", "ann")])
async def test_accounts_are_named_by_our_id_or_by_their_providers(
    database: Any, column: str, value: str
) -> None:
    async with service_with_uploads(database) as (service, uploads):
        tour = campaign()
        await publish(service, tour)
        [ann] = await enter(service, tour, "ann")
        await run(service, tour, await uploads.add(service, tour, f"{column},score\n{value},0.5\nnobody,0.5"))
        assert await scores(service, ann) == {ann: (0.5, "EXTERNAL", [])}


async def test_what_is_not_to_be_imported_is_refused_by_name(database: Any) -> None:
    async with service_with_uploads(database) as (service, uploads):
        tour, other = campaign(), campaign()
        await publish(service, tour, other)
        for changes, code in (
            ({"purpose": "CODE_IMPORT"}, "UNKNOWN_UPLOAD"),
            ({"campaign_id": other["id"]}, "UNKNOWN_UPLOAD"),
            ({"state": "PROCESSING", "file": None}, "NOT_READY"),
        ):
            refused = await run(
                service, tour, await uploads.add(service, tour, "entry_id,score\n", **changes)
            )
            assert (refused["__typename"], refused["issues"]) == (
                "ValidationFailed",
                [{"path": ["uploadId"], "code": code}],
            )
        failed = await run(service, tour, await uploads.add(service, tour, "a,b\n1,2\n"))
        assert failed["state"] == "FAILED"
        assert "name the columns" in failed["failure"]
        upload = await uploads.add(service, tour, "entry_id,score\n")
        first = await run(service, tour, upload, idempotencyKey="k")
        second = await run(service, tour, upload, idempotencyKey="k")
        assert (first["id"], second["replayed"]) == (second["id"], True)
        mismatch = await run(service, tour, await uploads.add(service, tour, "x"), idempotencyKey="k")
        assert mismatch["__typename"] == "IdempotencyMismatch"
        stranger = await service.graphql(
            IMPORT, {"input": {"campaignId": tour["id"], "uploadId": upload}}, token=issuer.token("stranger")
        )
        assert stranger["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_killed_import_goes_on_behind_the_last_line_it_took_and_two_workers_count_once(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_imports_store, "CHUNK", 7)
    async with service_with_uploads(database) as (service, uploads):
        tour = campaign()
        await publish(service, tour)
        outcomes = await service.resources.submissions.submit(
            [
                wire.Submission(
                    tour["id"],
                    wire.Identity(id_of(f"f{n}"), issuer.ISSUER, f"f{n}", email=f"f{n}@x.example"),
                    [tour["markets"][0]["id"]],
                )
                for n in range(40)
            ]
        )
        ids = [outcome.entry.id for outcome in outcomes]
        text = "entry_id,score\n" + "".join(f"{id_},0.5\nbad,0.5\n" for id_ in [*ids, ids[0]])

        class Dying(ExternalScoreStore):
            async def take(
                self,
                connection: Any,
                campaign_id: str,
                subject: str,
                lines: Any,
                import_id: str | None = None,
            ) -> Any:
                if lines[0].number > 20:
                    raise ConnectionError("killed")
                return await super().take(connection, campaign_id, subject, lines, import_id)

        reviewer = service.grant("reviewer", "ENTRY_REVIEW")
        given = {"campaignId": tour["id"], "uploadId": await uploads.add(service, tour, text)}
        started = await service.graphql(IMPORT, {"input": given}, token=reviewer)
        import_id = started["data"]["importScores"]["import"]["id"]
        resources = service.resources
        store = resources.score_imports
        dying = ScoreImportStore(
            resources.database, resources.outbox, resources.files, Dying(resources.database, [])
        )
        with pytest.raises(ConnectionError):
            await dying.read(import_id)
        [half] = await store.imports([import_id])
        assert half.state == "RUNNING"
        assert 0 < half.accepted < 40
        await asyncio.gather(store.read(import_id), store.read(import_id), store.read(import_id))
        [done] = await store.imports([import_id])
        assert (done.state, done.accepted, done.duplicates, done.malformed) == ("SUCCEEDED", 40, 1, 41)


async def test_a_scorer_sends_batches(database: Any) -> None:
    async with entries_service(database) as service:
        tour = campaign()
        await publish(service, tour)
        ann, bea = await enter(service, tour, "ann", "bea")
        batch = {
            "campaign_id": tour["id"],
            "scores": [
                {"entry_id": ann, "value": 0.75, "reasons": ["LOYAL"]},
                {"global_user_id": "bea", "value": 1},
                {"entry_id": bea, "value": 2},
                {"entry_id": "ent_none", "value": 0.5},
                {"entry_id": ann, "user_id": "usr_1", "value": 0.5},
            ],
        }
        taken = (await service.rest("PUT", "/scores", batch)).json()
        assert (taken["accepted"], taken["unchanged"]) == (2, 0)
        assert [(r["place"], r["code"]) for r in taken["refused"]] == [
            (2, "BAD_SCORE"),
            (3, "UNKNOWN_ENTRY"),
            (4, "BAD_SUBJECT"),
        ]
        again = (await service.rest("PUT", "/scores", batch)).json()
        assert (again["accepted"], again["unchanged"], len(again["refused"])) == (0, 2, 3)
        assert await scores(service, ann, bea) == {
            ann: (0.75, "EXTERNAL", ["LOYAL"]),
            bea: (1.0, "EXTERNAL", []),
        }
        many = {"campaign_id": tour["id"], "scores": [{"entry_id": ann, "value": 0}] * 1001}
        assert (await service.rest("PUT", "/scores", many)).status_code == 422
