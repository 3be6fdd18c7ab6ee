"""SQL of imports: typed twins of `imports.sql`. A file is sealed while it waits, and forgotten once it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.codes.backend import rules, wire
from services.codes.backend.store import Store
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
    """A file of codes on its way into a pool, read up to `line`."""

    pool_id: str
    text: str
    line: int


class ImportStore:
    """Imports in the codes database."""

    def __init__(self, database: Database, sealer: Sealer, outbox: Outbox, store: Store) -> None:
        self._database = database
        self._sealer = sealer
        self._outbox = outbox
        self._store = store

    async def start(self, actor: str, pool_id: str, new: wire.NewImport, lines: int) -> wire.ImportStarted:
        """Keeps the file and puts its job in line. Raises NotFound, IdempotencyMismatch."""
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
                    sealed=self._sealer.seal(new.csv, _CONTEXT),
                    lines=lines,
                    created_by=actor,
                )
                await transaction.note(
                    "importCodes",
                    import_id,
                    team_id=pool.team_id,
                    campaign_id=pool.campaign_id,
                    after={"pool_id": pool_id, "lines": lines},
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
                payload=[pool_id, new.csv],
                returns=str,
                action=make,
            )
        for started in await self.imports([import_id]):
            return wire.ImportStarted(started, replayed)
        raise NotFound("There is no such import.")

    async def imports(self, ids: Sequence[str]) -> list[wire.Import]:
        """Imports by id, as far as they exist."""
        return [_import(row) for row in await self._database.fetch(q.imports, ids=list(ids))]

    async def errors(self, ids: Sequence[str], first: int) -> list[wire.LineError]:
        """The first errors of each import, by line."""
        rows = await self._database.fetch(q.import_errors, ids=list(ids), first=first)
        return [
            wire.LineError(row["import_id"], row["line"], row["code"], rules.MESSAGES[row["code"]])
            for row in rows
        ]

    async def file(self, import_id: str) -> File | None:
        """What is left to read of an import; None when it is finished."""
        row = await self._database.fetchrow(q.import_file, id=import_id)
        if row is None:
            return None
        return File(row["pool_id"], self._sealer.open(row["sealed"], _CONTEXT).decode(), row["line"])

    async def take(self, import_id: str, pool_id: str, after: int, lines: Sequence[rules.Line]) -> bool:
        """Adds the good ones of the lines behind `after` to the pool and notes the bad ones, all or nothing.

        False, and nothing is written, when another worker has read on from there meanwhile. Raises
        asyncpg.UniqueViolationError when another pool got one of the codes meanwhile; trying again tells them apart.
        """
        async with self._database.transaction() as connection:
            if await self._database.fetchval(q.lock_import, connection, id=import_id) != after:
                return False
            await self._store.lock(connection, pool_id)
            good = [line for line in lines if line.problem is None]
            known = await self._store.known(connection, [line.key for line in good])
            fresh = [line for line in good if line.key not in known]
            if fresh:
                await self._store.add(
                    connection, pool_id, [f.code for f in fresh], [f.key for f in fresh], import_id
                )
            problems = [
                (line.number, line.problem or "ALREADY_KNOWN")
                for line in lines
                if line.problem or line.key in known
            ]
            duplicates = sum(problem in rules.DUPLICATES for _, problem in problems)
            await self._database.execute(
                q.count_lines,
                connection,
                id=import_id,
                line=lines[-1].number,
                accepted=len(fresh),
                duplicates=duplicates,
                malformed=len(problems) - duplicates,
                error_lines=[number for number, _ in problems],
                error_codes=[problem for _, problem in problems],
            )
        return True

    async def finish(self, import_id: str, failure: str | None = None) -> None:
        """Ends an import, well or with a `failure` for people, and forgets its file."""
        await self._database.execute(q.finish_import, id=import_id, failure=failure)


def _import(row: Row) -> wire.Import:
    done = row["state"] == "SUCCEEDED"
    return wire.Import(
        progress=1.0 if done else row["line"] / row["lines"],
        **{name: row[name] for name in wire.Import.__struct_fields__ if name != "progress"},
    )
