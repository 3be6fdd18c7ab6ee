"""Scores from outside, a batch at a time: the same for files and for REST. Typed twins of `score_imports.sql`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.entries.backend.reviews_store import hold_low
from services.entries.backend.score_imports_rules import Line
from services.kit.ids import user_id
from services.kit.pg import Connection, Database, Queries

q = Queries(Path(__file__).with_name("score_imports.sql"))


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch of lines: numbers of new or changed scores, of known ones, and problems by line."""

    accepted: int
    unchanged: int
    problems: Mapping[int, str]


class ExternalScoreStore:
    """An outside score counts before the built-in one of the same entry. Where accounts are named as their identity
    provider does, they are of one of `issuers`.
    """

    def __init__(self, database: Database, issuers: Sequence[str]) -> None:
        self._database = database
        self._issuers = issuers

    async def take(
        self,
        connection: Connection,
        campaign_id: str,
        subject: str,
        lines: Sequence[Line],
        import_id: str | None = None,
    ) -> Taken:
        """Keeps the good ones of the lines in the open transaction. Of two for one entry the first counts."""
        good = [line for line in lines if line.problem is None]
        wanted = list({line.subject: line for line in reversed(good)}.values())
        entries = await self._entries(connection, campaign_id, subject, wanted)
        of_line = {entry_id: line for line, ids in zip(wanted, entries, strict=True) for entry_id in ids}
        rows = await self._database.fetch(
            q.keep_external,
            connection,
            entry_ids=list(of_line),
            values=[line.value for line in of_line.values()],
            reasons=[",".join(line.reasons) for line in of_line.values()],
            import_id=import_id,
        )
        await hold_low(self._database, connection, list(of_line))
        repeated = {of_line[row["entry_id"]].number for row in rows if row["repeated"]}
        changed = {of_line[row["entry_id"]].number for row in rows if row["is_new"] and not row["repeated"]}
        first = {line.subject: line.number for line in wanted}
        unknown = {line.subject for line, ids in zip(wanted, entries, strict=True) if not ids}
        problems = {line.number: line.problem for line in lines if line.problem}
        for line in good:
            if line.subject in unknown:
                problems[line.number] = "UNKNOWN_ENTRY"
            elif line.number != first[line.subject] or line.number in repeated:
                problems[line.number] = "DUPLICATE_IN_FILE"
        return Taken(len(changed), len(lines) - len(changed) - len(problems), problems)

    async def _entries(
        self, connection: Connection, campaign_id: str, subject: str, lines: Sequence[Line]
    ) -> list[list[str]]:
        """The entries of each line, which are locked from now on."""
        by_entry = subject == "entry_id"
        rows = await self._database.fetch(
            q.lock_entries,
            connection,
            campaign_id=campaign_id,
            entry_ids=[line.subject if by_entry else None for line in lines],
            user_ids=[
                None if by_entry else ",".join(self._accounts(subject, line.subject)) for line in lines
            ],
        )
        found: list[list[str]] = [[] for _ in lines]
        for row in rows:
            found[row["place"]].append(row["id"])
        return found

    def _accounts(self, subject: str, value: str) -> list[str]:
        return [value] if subject == "user_id" else [user_id(issuer, value) for issuer in self._issuers]
