"""`scripts/permissions`."""

import sys
from collections import defaultdict
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table as Grid

from scripts.devtools.permissions import OUTCOMES, PERSONAS, Rule, Table, load
from services import SERVICES

app = App(name="scripts/permissions", help_format="plaintext", version_flags=[])

_SIGNS = {"answered": "✓", "nothing": "·", "forbidden": "✗", "sign-in": "?"}


def main(argv: list[str]) -> int:
    """The entry point of `scripts/permissions`."""
    return app(argv) or 0


@app.default
def permissions(
    field: Annotated[str | None, Parameter(help="`Type.field`, or a type or part of a name.")] = None,
    /,
    *,
    persona: str | None = None,
    subgraph: str | None = None,
) -> int:
    """Show who may see or do what: the truth table that the tests ask for, cell by cell.

    Parameters
    ----------
    persona
        Only what this one is answered, for example analyst.
    subgraph
        Only users, campaigns, entries or codes.
    """
    if persona not in (None, *PERSONAS):
        print(f"error: no persona {persona!r}: choose one of {', '.join(PERSONAS)}", file=sys.stderr)
        return 2
    if subgraph not in (None, *SERVICES):
        print(f"error: no subgraph {subgraph!r}: choose one of {', '.join(SERVICES)}", file=sys.stderr)
        return 2
    console = Console(highlight=False, soft_wrap=True)
    tables = [load(service) for service in SERVICES if subgraph in (None, service)]
    found = [
        (table, rule, names)
        for table in tables
        for rule in table.rules
        if (names := _named(table, rule, field))
    ]
    if not found:
        print(f"error: no rule names {field!r}; look through scripts/permissions", file=sys.stderr)
        return 1
    if persona:
        _show_persona(console, persona, found)
    elif field and len(found) <= len(SERVICES):
        _show_fields(console, found)
    else:
        _show_all(console, found)
    return 0


Found = list[tuple[Table, Rule, list[str]]]


def _named(table: Table, rule: Rule, field: str | None) -> list[str]:
    """The names of the rule that the argument means; a whole `Type.field` that only `Type.*` covers means that."""
    if field is None:
        return [*rule.fields]
    if "." in field:
        meant = field if field in table.names() else f"{field.partition('.')[0]}.*"
        return [name for name in rule.fields if name == meant]
    return [name for name in rule.fields if field.lower() in name.lower()]


def _show_fields(console: Console, found: Found) -> None:
    for table, rule, names in found:
        console.print(f"[bold]{', '.join(names)}[/]  [dim]{table.service}, rule {rule.name}[/]\n{rule.says}")
        for outcome, meaning in OUTCOMES.items():
            who = [persona for persona, one in rule.outcomes.items() if one == outcome]
            if who:
                console.print(
                    f"  {_SIGNS[outcome]} {meaning}: {', '.join(sorted(who, key=[*PERSONAS].index))}"
                )


def _show_persona(console: Console, persona: str, found: Found) -> None:
    console.print(f"[bold]{persona}[/]: {PERSONAS[persona]}")
    by_outcome: defaultdict[str, list[str]] = defaultdict(list)
    for table, rule, names in found:
        by_outcome[rule.outcomes[persona]] += [f"{table.service} {name}" for name in names]
    for outcome, meaning in OUTCOMES.items():
        if by_outcome[outcome]:
            console.print(f"\n[bold]{_SIGNS[outcome]} {meaning}[/]")
            console.print("\n".join(f"  {name}" for name in sorted(by_outcome[outcome])))


def _show_all(console: Console, found: Found) -> None:
    for service in SERVICES:
        rules = [(rule, names) for table, rule, names in found if table.service == service]
        if not rules:
            continue
        grid = Grid(title=service, title_justify="left", title_style="bold", box=None, pad_edge=False)
        grid.add_column("field", no_wrap=True)
        for place in range(len(PERSONAS)):
            grid.add_column(chr(ord("a") + place), justify="center")
        for rule, names in rules:
            for name in names:
                grid.add_row(name, *(_SIGNS[rule.outcomes[persona]] for persona in PERSONAS))
        console.print(grid)
        console.print()
    console.print("  ".join(f"{_SIGNS[outcome]} {meaning}" for outcome, meaning in OUTCOMES.items()))
    for place, (persona, meaning) in enumerate(PERSONAS.items()):
        console.print(f"{chr(ord('a') + place)} {persona}: {meaning}")
