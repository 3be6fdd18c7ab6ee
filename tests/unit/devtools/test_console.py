import io

from rich.console import Console

from scripts.devtools.console import ConsoleReport, summarize
from scripts.devtools.events import Event


def test_a_structured_line_becomes_a_sentence():
    line = '{"process": "entries", "level": "warning", "timestamp": "2026", "event": "not ready", "reason": "pool"}'
    assert summarize(line) == "not ready reason=pool"
    assert summarize("FATAL: no") == "FATAL: no"
    assert summarize("[1]") == "[1]"


def test_warnings_are_shown_once_all_is_ready_and_never_flood():
    output = io.StringIO()
    report = ConsoleReport(Console(file=output, width=200))
    report(Event("warning", "still starting", "users"))
    report(Event("done", "PostgreSQL (0.3 s)"))
    report(Event("died", "ended with status 1; starting it again in 0.5 s", "codes"))
    report(Event("ready", "http://127.0.0.1:4000/graphql"))
    for number in range(40):
        report(Event("warning", f"[warning] {number}", "users"))
    lines = output.getvalue().splitlines()
    assert lines[:3] == [
        "✓ PostgreSQL (0.3 s)",
        "✗ codes ended with status 1; starting it again in 0.5 s",
        "! users [warning] 0",
    ]
    assert "! users … and more, in its log" in lines
    assert len(lines) < 20
