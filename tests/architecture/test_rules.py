"""Rules are pure: no `rules.py` and no `*_rules.py` does input or output, directly or through what it imports.

(import-linter's wildcards stand for whole names, so its contracts cannot say `*_rules`.)
"""

from functools import cache

import grimp

FORBIDDEN = (
    "asyncpg",
    "httpx",
    "obstore",
    "procrastinate",
    "psycopg",
    "starlette",
    "uvicorn",
    "services.kit.jobs",
    "services.kit.outbox",
    "services.kit.pg",
    "services.kit.upstream",
)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("services", include_external_packages=True, cache_dir=None)


def rules() -> list[str]:
    return sorted(m for m in graph().modules if m.startswith("services.") and m.endswith("rules"))


def doing_io(modules: list[str]) -> list[str]:
    """The chains by which these modules come to something that does I/O."""
    found = [
        graph().find_shortest_chain(m, bad) for m in modules for bad in FORBIDDEN if bad in graph().modules
    ]
    return [" -> ".join(chain) for chain in found if chain]


def test_no_rules_do_input_or_output() -> None:
    assert {"services.users.backend.rules", "services.entries.backend.waves_rules"} <= {*rules()}
    assert doing_io(rules()) == []


def test_negative_control() -> None:
    """A store does, and the check says so."""
    assert doing_io(["services.entries.backend.waves_store"])
