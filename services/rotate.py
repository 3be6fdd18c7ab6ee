"""Rotates the data keys: `python -m services.rotate [--check] [SERVICE …]`, as the owner role of each database.

Everything that is sealed with another key than the first of DATA_KEYS is sealed anew with that one, while the system
runs. Ends with 0 once nothing needs another key, with 1 while something does.
"""

import argparse
import os
from collections import Counter
from importlib import import_module

from pydantic import Field

from services import SERVICES
from services.kit.rotation import Outcome, rotate
from services.kit.sealing import Sealer
from services.kit.settings import EnvironmentSettings, SecretList


class RotationSettings(EnvironmentSettings):
    """What a rotation needs to know."""

    data_keys: SecretList = Field(description="id:base64url(32 bytes); the first encrypts, all decrypt")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m services.rotate", description=__doc__)
    parser.add_argument("services", nargs="*", default=[], help=f"of {', '.join(SERVICES)}")
    parser.add_argument("--check", action="store_true", help="only count")
    options = parser.parse_args()
    sealer = Sealer(RotationSettings.load().data_keys)
    names: list[str] = options.services or [*SERVICES]
    urls = {name: _owner_url(name) for name in names}
    print(f"current key: {sealer.key_ids[0]}")
    total: Counter[str] = Counter()
    broken = 0
    for name in names:
        columns = import_module(f"services.{name}.backend.sealed_rules").SEALED
        for outcome in rotate(urls[name], sealer, columns, only_count=options.check):
            print(_line(name, outcome, sealer.key_ids[0]), flush=True)
            total += outcome.by_key
            broken += outcome.broken
    return _conclude(sealer, total, broken)


def _line(service: str, outcome: Outcome, current: str) -> str:
    needs = ", ".join(
        f"{count} need {key}" for key, count in sorted(outcome.by_key.items()) if key != current
    )
    parts = [f"{outcome.resealed} sealed anew" if outcome.resealed else "", needs]
    if outcome.broken:
        parts.append(f"{outcome.broken} do not open")
    said = "; ".join(part for part in parts if part) or "nothing to do"
    return f"{service} {outcome.column}: {outcome.by_key.total()} values, {said}"


def _conclude(sealer: Sealer, total: Counter[str], broken: int) -> int:
    current, *others = sealer.key_ids
    for key in sorted(total.keys() - {current}):
        known = "" if key in others else ", which DATA_KEYS does not have: put it back"
        print(f"{total[key]} values still need {key}{known}")
    for key in others:
        if not total[key]:
            print(
                f"nothing needs {key} any more: once every process has {current} first, take it out of DATA_KEYS"
            )
    if broken:
        print(f"{broken} values do not open: their key is not in DATA_KEYS, or somebody tampered with them")
    return 1 if broken or total.keys() - {current} else 0


def _owner_url(name: str) -> str:
    setting = f"{name.upper()}_OWNER_DATABASE_URL"
    return os.environ.get(setting) or _missing(setting)


def _missing(setting: str) -> str:
    raise SystemExit(f"{setting} is not set: whose values should be sealed anew?")


if __name__ == "__main__":
    raise SystemExit(main())
