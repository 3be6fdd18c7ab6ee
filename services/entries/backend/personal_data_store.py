"""What the Entry Service keeps about a fan, and how it lets her go: typed twins of `personal_data.sql`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.entries.backend.exports_files_store import ExportFileStore
from services.entries.backend.reviews_store import APPEAL, NOTE
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.privacy import NOBODY, Erasure, PersonalData, Section
from services.kit.sealing import Sealer

q = Queries(Path(__file__).with_name("personal_data.sql"))


class EntriesPersonalData(PersonalData):
    """Registrations stay counted and drawn as they were; who they were of is gone."""

    service = "entries"

    def __init__(self, database: Database, outbox: Outbox, sealer: Sealer, files: ExportFileStore) -> None:
        super().__init__(database)
        self._outbox = outbox
        self._sealer = sealer
        self._files = files
        self.sections = (
            Section("gate_facts", q.her_facts),
            Section("entry", q.her_entries),
            Section("review", q.her_reviews, self._opened),
            Section("roster_line", q.her_roster_lines),
            Section("selection", q.her_selections),
        )

    async def settle(self) -> None:
        """Returns when every registration that could have missed the tombstone has committed or failed."""
        async with self._database.transaction() as connection:
            await self._database.execute(q.hold_registrations, connection)

    async def remove(self, connection: Connection, erasure: Erasure) -> dict[str, int]:
        """Erases her entries and all that points from them to her; answers how many records of each kind."""
        who = {"user_id": erasure.user_id, "until": erasure.until}
        campaigns = await self._database.fetch(q.hold_campaigns, connection, **who)
        await self._database.execute(q.hold_draws, connection, campaign_ids=[row["id"] for row in campaigns])
        entries = await self._database.fetch(q.erase_entries, connection, nobody=NOBODY, **who)
        ids = [row["id"] for row in entries]
        lines = await self._database.fetch(
            q.erase_roster_lines,
            connection,
            nobody=NOBODY,
            campaign_ids=[row["campaign_id"] for row in entries],
            entry_ids=ids,
        )
        selections = await self._database.fetch(q.erase_selections, connection, nobody=NOBODY, entry_ids=ids)
        reviews = await self._database.fetch(q.erase_reviews, connection, entry_ids=ids)
        decisions = await self._database.fetch(
            q.erase_reviewer, connection, nobody=NOBODY, user_id=erasure.user_id
        )
        scores = await self._database.fetch(q.erase_scores, connection, entry_ids=ids)
        facts = await self._database.fetchval(
            q.erase_facts, connection, user_id=erasure.user_id, version=erasure.version
        )
        answers = await self._database.fetch(q.erase_answers, connection, user_id=erasure.user_id)
        exports = await self._database.fetch(
            q.erase_exports, connection, nobody=NOBODY, user_id=erasure.user_id
        )
        messages = await self._outbox.forget(
            connection, "sighting", lambda sighting: is_of(erasure, sighting)
        )
        return {
            "entry": len(entries),
            "roster_line": len(lines),
            "selection": len(selections),
            "score": len(scores),
            "review": len(reviews),
            "decision": len(decisions),
            "gate_facts": int(bool(facts)),
            "answer": len(answers),
            "export": len(exports),
            "message": messages,
        }

    async def clear_away(self, erasure: Erasure) -> None:
        """Removes the files that she was in, which nobody is handed any more."""
        while await self._files.expire():
            pass

    def _opened(self, row: Row) -> dict[str, Any]:
        sealed = {"note": (row["note_sealed"], NOTE), "appeal": (row["appeal_sealed"], APPEAL)}
        shown = {name: value for name, value in row.items() if not name.endswith("_sealed")}
        return shown | {name: self._sealer.open_text(*pair) for name, pair in sealed.items()}


def is_of(erasure: Erasure, sighting: Mapping[str, Any]) -> bool:
    """Whether a sighting that waits for delivery is of the erased account's time."""
    issued_at = datetime.fromtimestamp(sighting.get("issued_at", 0), UTC)
    return sighting["user_id"] == erasure.user_id and issued_at <= erasure.until
