"""`scripts/verify-audit`."""

import os
import sys
from pathlib import Path

import psycopg
from cyclopts import App
from rich.console import Console

from scripts.devtools import audit_log, run_state
from scripts.devtools import settings as devsettings
from scripts.devtools.audit_log import AuditLogError, Verdict
from scripts.devtools.databases import with_database

app = App(name="scripts/verify-audit", help_format="plaintext", version_flags=[])


def main(argv: list[str]) -> int:
    """The entry point of `scripts/verify-audit`."""
    return app(argv) or 0


@app.default
def verify_audit(
    *,
    team: str | None = None,
    file: Path | None = None,
    export: Path | None = None,
    anchors: Path | None = None,
    database_url: str | None = None,
) -> int:
    """Recompute the audit log's hash chains and name the first broken link of each team.

    Exits with 0 when every chain holds, with 1 when one does not, with 2 when there is nothing to look at.

    Parameters
    ----------
    team
        Only this team's chain (tea_…).
    file
        Read a file that --export wrote, in place of the database.
    export
        Write what was read to this file, one JSON object a line.
    anchors
        Lines of the worker's log ("audit head", every hour): a chain whose end was cut off together with the
        record of where it ends is only noticed by them.
    database_url
        The users database, as a role that may read it; else USERS_DATABASE_URL, else the running system's.
    """
    console = Console(highlight=False, soft_wrap=True)
    try:
        rows = audit_log.read_file(file, team) if file else audit_log.read_database(_url(database_url), team)
        noted = audit_log.read_anchors(anchors) if anchors else {}
        noted = {name: heads for name, heads in noted.items() if team in (None, name)}
        if export:
            with export.open("w", encoding="utf-8") as target:
                verdict = audit_log.verify(audit_log.write_file(rows, target), noted)
        else:
            verdict = audit_log.verify(rows, noted)
    except (AuditLogError, OSError, psycopg.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return _report(console, verdict)


def _report(console: Console, verdict: Verdict) -> int:
    for broken in verdict.breaks:
        console.print(f"[red]✗[/] {broken.team_id}: broken at {broken.sequence}: {broken.reason}")
    sound = verdict.teams - len({broken.team_id for broken in verdict.breaks})
    console.print(f"{verdict.events:,} events of {verdict.teams:,} teams; {max(sound, 0):,} chains hold.")
    return 1 if verdict.breaks else 0


def _url(given: str | None) -> str:
    if url := given or os.environ.get("USERS_DATABASE_URL"):
        return url
    state = run_state.read(devsettings.load().data_dir)
    if state is None or state.admin_dsn is None:
        raise AuditLogError("Nothing is running here: give --database-url or --file.")
    return with_database(state.admin_dsn, "monoql_users")
