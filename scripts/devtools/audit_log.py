"""The audit log as `scripts/verify-audit` reads it: from the users database, or from a file that was exported earlier.

A file has one JSON object a line: where a team's chain ends (`{"head": true, …}`), then its events in order, then the
next team.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

import msgspec
import psycopg
from psycopg.rows import dict_row

from services.kit.audit import AuditEvent
from services.users.backend.audit_rules import Break, Head, Link, first_break

_EVENTS = (
    "SELECT * FROM audit_event WHERE %(team)s::text IS NULL OR team_id = %(team)s ORDER BY team_id, sequence"
)
_HEADS = """
SELECT team_id, coalesce(c.sequence, 0) AS sequence, coalesce(c.hash, '\\x') AS hash
FROM audit_chain c FULL JOIN (SELECT DISTINCT team_id FROM audit_event) e USING (team_id)
WHERE %(team)s::text IS NULL OR team_id = %(team)s ORDER BY team_id
"""
Anchors = dict[str, list[Head]]


class AuditLogError(Exception):
    """What was given is no audit log; the message says where."""


@dataclass
class Verdict:
    """How many teams and events were looked at, and the first link of each team that does not hold."""

    teams: int = 0
    events: int = 0
    breaks: list[Break] = field(default_factory=list[Break])


def read_database(url: str, team: str | None = None) -> Iterator[dict[str, Any]]:
    """The log's lines, as of one moment, without holding all of them."""
    with psycopg.connect(url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        heads = connection.cursor(row_factory=dict_row).execute(_HEADS, {"team": team}).fetchall()
        with connection.cursor("audit_events", row_factory=dict_row) as cursor:
            events = groupby(cursor.execute(_EVENTS, {"team": team}), lambda row: row["team_id"])
            team_id, rows = next(events, ("", iter(())))
            for head in heads:
                yield {**head, "head": True}
                if head["team_id"] == team_id:
                    yield from rows
                    team_id, rows = next(events, ("", iter(())))


def read_file(path: Path, team: str | None = None) -> Iterator[dict[str, Any]]:
    """The lines of an exported log. Raises AuditLogError."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                hashes = {name: bytes.fromhex(row[name]) for name in ("hash", "previous_hash") if name in row}
                if team in (None, row["team_id"]):
                    yield {**row, **hashes}
            except (ValueError, KeyError, TypeError) as error:
                raise AuditLogError(f"{path}, line {number}: no line of an audit log") from error


def write_file(rows: Iterable[dict[str, Any]], file: TextIO) -> Iterator[dict[str, Any]]:
    """Writes lines as `read_file` reads them, and hands them on."""
    for row in rows:
        shown = {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
        file.write(msgspec.json.encode(shown).decode() + "\n")
        yield row


def read_anchors(path: Path) -> Anchors:
    """Heads that were noted earlier: the worker's log, or any lines of JSON with `team`, `sequence` and `hash`."""
    found: Anchors = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if '"audit head"' in line:
            row = json.loads(line[line.index("{") :])
            found.setdefault(row["team"], []).append(Head(row["sequence"], bytes.fromhex(row["hash"])))
    return found


def verify(rows: Iterable[dict[str, Any]], anchors: Anchors | None = None) -> Verdict:
    """Recomputes every hash, team by team. Raises AuditLogError for events that come without a head."""
    verdict = Verdict()
    noted = dict(anchors or {})
    for team_id, group in groupby(rows, lambda row: row["team_id"]):
        lines = iter(group)
        head = next(lines)
        if not head.get("head"):
            raise AuditLogError(f"{team_id}: there is no line that says where the chain ends")
        verdict.teams += 1
        links = _counted(verdict, map(_link, lines))
        found = first_break(team_id, links, Head(head["sequence"], head["hash"]), noted.pop(team_id, ()))
        if found:
            verdict.breaks.append(found)
    for team_id in noted:
        verdict.breaks.append(Break(team_id, 1, "nothing is left of a chain whose head was noted elsewhere"))
    return verdict


def _counted(verdict: Verdict, links: Iterable[Link]) -> Iterator[Link]:
    for one in links:
        verdict.events += 1
        yield one


def _link(row: dict[str, Any]) -> Link:
    event = msgspec.convert({name: row[name] for name in AuditEvent.__struct_fields__}, AuditEvent)
    return Link(event, row["sequence"], row["previous_hash"], row["hash"])
