"""What the Code Service keeps about a fan, and how it lets her go: typed twins of `personal_data.sql`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.kit.pg import Connection, Database, Queries, Row
from services.kit.privacy import NOBODY, Erasure, PersonalData, Section
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("personal_data.sql"))


class CodesPersonalData(PersonalData):
    """A code's history stays in the ledger; who had it is gone."""

    service = "codes"

    def __init__(self, database: Database, sealer: Sealer) -> None:
        super().__init__(database)
        self._sealer = sealer
        self.sections = (
            Section("code", q.her_codes, self._code),
            Section("message", q.her_messages),
            Section("purchase", q.her_purchases),
        )

    async def settle(self) -> None:
        """Returns when every report that could have missed the tombstone has committed or failed."""
        async with self._database.transaction() as connection:
            await self._database.execute(q.hold_reports, connection)

    async def remove(self, connection: Connection, erasure: Erasure) -> dict[str, int]:
        """Takes her out of the ledger and of what she started; answers how many records of each kind."""
        who = {"user_id": erasure.user_id}
        await self._database.execute(q.outdate_pages, connection)
        await self._database.execute(q.hold_assignments, connection, **who)
        messages = await self._database.fetch(q.erase_messages, connection, **who)
        changes = {
            "code": q.erase_assignments,
            "import": q.erase_imports,
            "distribution": q.erase_distributions,
            "void": q.erase_voids,
        }
        counts = {
            kind: len(await self._database.fetch(query, connection, nobody=NOBODY, **who))
            for kind, query in changes.items()
        }
        for kind, query in (("purchase", q.erase_accounts), ("answer", q.erase_answers)):
            counts[kind] = len(await self._database.fetch(query, connection, **who))
        return counts | {"message": len(messages)}

    def _code(self, row: Row) -> Mapping[str, Any]:
        """The code in clear once it was released to her; before, only that there is one."""
        shown = {name: value for name, value in row.items() if name != "sealed"}
        value = self._sealer.open(row["sealed"], "code.value").decode() if row["released_at"] else None
        return shown | {"value": value}
