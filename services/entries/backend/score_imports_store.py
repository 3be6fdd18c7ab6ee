"""Files of scores: asked for, read, looked at. Typed twins of `score_imports.sql`."""

from collections.abc import AsyncIterator, Sequence

import msgspec
from obstore.store import ObjectStore

from services.entries.backend import score_imports_rules as rules
from services.entries.backend import score_imports_wire as s
from services.entries.backend.external_scores_store import ExternalScoreStore, Taken, q
from services.kit import jobs
from services.kit.audit import Audited, audited
from services.kit.errors import Invalid, Issue, NotFound
from services.kit.files import read
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Database, Row
from services.kit.upstream import Upstream

CHUNK = 2000
_PATIENCE_SECONDS = 60


class Upload(msgspec.Struct, frozen=True):
    """What the Campaign Service says of an upload, as far as it matters here."""

    id: str
    purpose: str
    state: str
    campaign_id: str | None
    file: str | None
    byte_size: int


class _Uploads(msgspec.Struct):
    uploads: list[Upload]


class ScoreImportStore:
    """Imports. Each chunk of lines is one transaction that also notes how far the file is read."""

    def __init__(
        self, database: Database, outbox: Outbox, files: ObjectStore, external: ExternalScoreStore
    ) -> None:
        self._database = database
        self._patient = database.patient(_PATIENCE_SECONDS)
        self._outbox = outbox
        self._files = files
        self._external = external

    async def start(self, actor: str, new: s.NewScoreImport, campaigns: Upstream) -> s.ScoreImportAnswer:
        """Puts an upload in line to be read. Raises NotFound, Invalid, IdempotencyMismatch."""
        upload = await _upload(campaigns, new)
        async with audited(self._database, self._outbox, actor) as transaction:
            import_id, replayed = await once(
                self._database,
                transaction.connection,
                actor=actor,
                operation="importScores",
                key=new.idempotency_key,
                payload=msgspec.structs.replace(new, idempotency_key=None),
                returns=str,
                action=lambda: self._start(transaction, new, upload),
            )
        return s.ScoreImportAnswer((await self.imports([import_id]))[0], replayed)

    async def imports(self, ids: Sequence[str]) -> list[s.ScoreImport]:
        """Imports by id, as far as they exist."""
        return [_import(row) for row in await self._database.fetch(q.imports_by_id, ids=list(ids))]

    async def imports_of_campaigns(self, campaign_ids: Sequence[str]) -> list[s.ScoreImport]:
        """The last hundred imports of each campaign, newest first."""
        rows = await self._database.fetch(q.imports_of_campaigns, ids=list(campaign_ids))
        return [_import(row) for row in rows]

    async def errors(self, wanted: s.ErrorsWanted) -> list[s.LineError]:
        """The first errors of each import, by line."""
        rows = await self._database.fetch(q.import_errors, ids=wanted.ids, first=wanted.first)
        return [s.LineError(message=rules.MESSAGES[row["code"]], **row) for row in rows]

    async def take(self, given: s.GivenScores) -> s.ScoresTaken:
        """Keeps a batch of scores. Those that cannot be taken keep the others out of nothing."""
        lines = [_line(place, score) for place, score in enumerate(given.scores)]
        problems, changed = dict[int, str](), 0
        async with self._database.transaction() as connection:
            for subject in rules.SUBJECTS:
                group = [line for kind, line in lines if kind == subject]
                taken = await self._external.take(connection, given.campaign_id, subject, group)
                problems |= taken.problems
                changed += taken.accepted
        return s.ScoresTaken(
            changed,
            len(lines) - changed - len(problems),
            [s.RefusedScore(place, code, rules.MESSAGES[code]) for place, code in sorted(problems.items())],
        )

    async def read(self, import_id: str) -> None:
        """Reads a file. The job's task: killed anywhere and run again, it goes on behind the last line it took."""
        row = await self._database.fetchrow(q.begin_import, id=import_id)
        if row is None:
            return
        try:
            async for columns, chunk, progress in _chunks(self._files, row):
                if not await self._take(import_id, row["campaign_id"], columns, chunk, progress):
                    return
        except (rules.Unreadable, NotFound) as error:
            await self.finish(import_id, str(error))
        else:
            await self.finish(import_id)

    async def finish(self, import_id: str, failure: str | None = None) -> None:
        """Ends an import, well or with a `failure` for people."""
        await self._database.execute(q.finish_import, id=import_id, failure=failure)

    async def _start(self, transaction: Audited, new: s.NewScoreImport, upload: Upload) -> str:
        import_id = new_id("imp")
        team_id = await self._database.fetchval(
            q.start_import,
            transaction.connection,
            id=import_id,
            campaign_id=new.campaign_id,
            upload_id=upload.id,
            file=upload.file,
            byte_size=upload.byte_size,
            requested_by=transaction.actor,
        )
        if team_id is None:
            raise NotFound("There is no such campaign. Check campaignId.")
        await jobs.defer(
            transaction.connection,
            "entries:import_scores",
            queue="entries",
            lock=import_id,
            import_id=import_id,
        )
        await transaction.note(
            "importScores", import_id, team_id=team_id, campaign_id=new.campaign_id, after=new
        )
        return import_id

    async def _take(
        self,
        import_id: str,
        campaign_id: str,
        columns: rules.Columns,
        lines: Sequence[rules.Line],
        progress: float,
    ) -> bool:
        """Takes lines, all or nothing; false, and nothing is written, when another worker has read on meanwhile."""
        async with self._patient.transaction() as connection:
            line = await self._database.fetchval(q.lock_import, connection, id=import_id)
            if line is None or line >= lines[0].number:
                return False
            taken = await self._external.take(connection, campaign_id, columns.subject, lines, import_id)
            await self._database.execute(
                q.count_lines, connection, id=import_id, progress=progress, **_counts(lines, taken)
            )
        return True


async def _upload(campaigns: Upstream, new: s.NewScoreImport) -> Upload:
    answer = await campaigns.call(
        "POST", "/uploads/batch", _Uploads, {"ids": [new.upload_id]}, idempotent=True
    )
    for upload in answer.uploads:
        if upload.purpose == "SCORE_IMPORT" and upload.campaign_id == new.campaign_id:
            if upload.state == "READY" and upload.file:
                return upload
            message = f"This upload is {upload.state}. Import it once it is READY."
            raise Invalid([Issue(["upload_id"], "NOT_READY", message)])
    message = "There is no upload of that id for this campaign with the purpose SCORE_IMPORT."
    raise Invalid([Issue(["upload_id"], "UNKNOWN_UPLOAD", message)])


async def _chunks(
    files: ObjectStore, row: Row
) -> AsyncIterator[tuple[rules.Columns, list[rules.Line], float]]:
    """The lines of an import's file that are not taken yet, some at a time, each time with how far that is."""
    text, columns, number, seen = rules.Text(), None, 0, 0
    lines: list[rules.Line] = []
    async for piece in read(files, row["file"]):
        seen += len(piece)
        for raw in text.feed(piece):
            number += 1
            if columns is None:
                columns = rules.columns_of(raw)
            elif number > row["line"]:
                lines.append(rules.read_line(columns, number, raw))
            if columns and len(lines) == CHUNK:
                yield columns, lines, min(1.0, seen / row["byte_size"])
                lines = []
    for raw in text.finish():
        number += 1
        if columns is None:
            columns = rules.columns_of(raw)
        elif number > row["line"]:
            lines.append(rules.read_line(columns, number, raw))
    if columns is None:
        raise rules.Unreadable("The file is empty.")
    if lines:
        yield columns, lines, 1.0


def _counts(lines: Sequence[rules.Line], taken: Taken) -> dict[str, object]:
    repeated = sum(code == "DUPLICATE_IN_FILE" for code in taken.problems.values())
    return {
        "line": lines[-1].number,
        "accepted": taken.accepted,
        "duplicates": taken.unchanged + repeated,
        "malformed": len(taken.problems) - repeated,
        "error_lines": list(taken.problems),
        "error_codes": list(taken.problems.values()),
    }


def _line(place: int, given: s.GivenScore) -> tuple[str, rules.Line]:
    named = {kind: value for kind in rules.SUBJECTS if (value := getattr(given, kind)) is not None}
    if len(named) != 1:
        return rules.SUBJECTS[0], rules.Line(place, problem="BAD_SUBJECT")
    [(kind, value)] = named.items()
    return kind, rules.checked(place, value, given.value, given.reasons)


def _import(row: Row) -> s.ScoreImport:
    return s.ScoreImport(**{name: row[name] for name in s.ScoreImport.__struct_fields__})
