"""SQL of imports: typed twins of `imports.sql`. A file is sealed while it waits, and forgotten once it is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.codes.backend import rules, wire
from services.codes.backend.imports_rules import MOST_NOTED
from services.codes.backend.store import Sealed, Store
from services.codes.backend.uploads_provider import Upload
from services.kit import jobs
from services.kit.audit import audited
from services.kit.errors import NotFound
from services.kit.idempotency import once
from services.kit.ids import new_id
from services.kit.outbox import Outbox
from services.kit.pg import Database, Queries, Row
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("imports.sql"))

_CONTEXT = "code_import.file"


@dataclass(frozen=True, slots=True)
class File:
    """A file of codes on its way into a pool, read up to `line`: its text, or its key under FILES_URL."""

    pool_id: str
    line: int
    text: str | None
    key: str | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines of a file, the good ones also as they will be kept, and how many bytes of the file they end."""

    lines: Sequence[rules.Line]
    codes: Mapping[int, Sealed]
    bytes_read: int


class ImportStore:
    """Imports in the codes database."""

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox, store: Store) -> None:
        self._database = database
        self._sealer = sealer
        self._outbox = outbox
        self._store = store

    async def start(
        self, actor: str, pool_id: str, new: wire.NewImport, *, lines: int = 0, upload: Upload | None = None
    ) -> wire.ImportStarted:
        """Keeps the file, unless it is an `upload`, and puts its job in line. Raises NotFound, IdempotencyMismatch."""
        async with audited(self._database, self._outbox, actor) as transaction:
            connection = transaction.connection
            pool = await self._store.pool(pool_id, connection)

            async def make() -> str:
                import_id = new_id("imp")
                await self._database.execute(
                    q.start_import,
                    connection,
                    id=import_id,
                    pool_id=pool_id,
                    sealed=None if new.csv is None else self._sealer.seal(new.csv, _CONTEXT),
                    lines=lines,
                    file=upload and upload.file,
                    byte_size=upload and upload.byte_size,
                    created_by=actor,
                )
                await transaction.note(
                    "importCodes",
                    import_id,
                    team_id=pool.team_id,
                    campaign_id=pool.campaign_id,
                    after={"pool_id": pool_id, "lines": lines, "upload_id": new.upload_id},
                )
                await jobs.defer(
                    connection, "codes:import", queue="codes", lock=import_id, import_id=import_id
                )
                return import_id

            import_id, replayed = await once(
                self._database,
                connection,
                actor=actor,
                operation="importCodes",
                key=new.idempotency_key,
                payload=[pool_id, new.csv or new.upload_id],
                returns=str,
                action=make,
            )
        for started in await self.imports([import_id]):
            return wire.ImportStarted(started, replayed)
        raise NotFound("There is no such import.")

    async def imports(self, ids: Sequence[str]) -> list[wire.Import]:
        """Imports by id, as far as they exist."""
        return [_import(row) for row in await self._database.fetch(q.imports, ids=list(ids))]

    async def errors(self, wanted: wire.ImportErrorQuestions) -> list[wire.LineError]:
        """Lines of each import that were not taken, by import, then by line."""
        rows = await self._database.fetch(
            q.import_errors, ids=wanted.ids, first=wanted.first, after=wanted.after
        )
        return [
            wire.LineError(row["import_id"], row["line"], row["code"], rules.MESSAGES[row["code"]])
            for row in rows
        ]

    async def file(self, import_id: str) -> File | None:
        """What is left to read of an import; None when it is finished."""
        row = await self._database.fetchrow(q.import_file, id=import_id)
        if row is None:
            return None
        text = self._sealer.open_text(row["sealed"], _CONTEXT)
        return File(row["pool_id"], row["line"], text, row["file"])

    def prepare(self, lines: Sequence[rules.Line], bytes_read: int = 0) -> Chunk:
        """Seals the good ones of some lines; in a thread, before anything is locked."""
        good = [line for line in lines if line.problem is None]
        sealed = self._store.seal([line.code for line in good], [line.key for line in good])
        return Chunk(lines, {line.number: code for line, code in zip(good, sealed, strict=True)}, bytes_read)

    async def take(self, import_id: str, pool_id: str, after: int, chunk: Chunk) -> bool:
        """Adds the good ones of the lines behind `after` to the pool and notes the bad ones, all or nothing.

        False, and nothing is written, when another worker has read on from there meanwhile. Raises
        asyncpg.UniqueViolationError when another pool got one of the codes meanwhile; trying again tells them apart.
        """
        async with self._database.transaction() as connection:
            row = await self._database.fetchrow(q.lock_import, connection, id=import_id)
            if row is None or row["line"] != after:
                return False
            await self._store.lock(connection, pool_id)
            known = await self._store.known(connection, list(chunk.codes.values()))
            fresh, problems = _judge(chunk, known, import_id)
            if fresh:
                await self._store.add(connection, pool_id, fresh, import_id)
            duplicates = sum(problem in rules.DUPLICATES for _, problem in problems)
            noted = problems[: max(0, MOST_NOTED - row["noted"])]
            await self._database.execute(
                q.count_lines,
                connection,
                id=import_id,
                line=chunk.lines[-1].number,
                bytes_read=chunk.bytes_read,
                accepted=len(fresh),
                duplicates=duplicates,
                malformed=len(problems) - duplicates,
                error_lines=[number for number, _ in noted],
                error_codes=[problem for _, problem in noted],
            )
        return True

    async def finish(self, import_id: str, failure: str | None = None) -> None:
        """Ends an import, well or with a `failure` for people, and forgets its file."""
        await self._database.execute(q.finish_import, id=import_id, failure=failure)


def _judge(
    chunk: Chunk, known: Mapping[bytes, str | None], import_id: str
) -> tuple[list[Sealed], list[tuple[int, str]]]:
    """The codes of a chunk that are new, and the problems of the other lines."""
    seen = dict(known)
    fresh: list[Sealed] = []
    problems: list[tuple[int, str]] = []
    for line in chunk.lines:
        if line.problem is not None:
            problems.append((line.number, line.problem))
        elif (code := chunk.codes[line.number]).lookup not in seen:
            seen[code.lookup] = import_id
            fresh.append(code)
        else:
            earlier = seen[code.lookup] == import_id
            problems.append((line.number, "DUPLICATE_IN_FILE" if earlier else "ALREADY_KNOWN"))
    return fresh, problems


def _import(row: Row) -> wire.Import:
    done = row["state"] == "SUCCEEDED"
    read, size = (row["bytes_read"], row["byte_size"]) if row["byte_size"] else (row["line"], row["lines"])
    return wire.Import(
        progress=1.0 if done else min(read / size, 1.0),
        **{name: row[name] for name in wire.Import.__struct_fields__ if name != "progress"},
    )
