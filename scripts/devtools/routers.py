"""Which router serves the graph: our own on Hive Gateway's runtime, or Hive Router (`ROUTER=hive-router`)."""

import shutil
from collections.abc import Mapping

from scripts.devtools.settings import LOOPBACK, ROOT, SettingsError
from services import SERVICES

HIVE_GATEWAY, HIVE_ROUTER = "hive-gateway", "hive-router"
CONFIG = ROOT / "gateway-config" / "router.config.yaml"


def chosen(values: Mapping[str, str]) -> str:
    """The router that these settings name. Raises SettingsError when there is none of that name."""
    name = values.get("ROUTER") or HIVE_GATEWAY
    if name not in {HIVE_GATEWAY, HIVE_ROUTER}:
        raise SettingsError(f"ROUTER must be {HIVE_GATEWAY} or {HIVE_ROUTER}, not {name!r}.")
    return name


def fan_path(values: Mapping[str, str]) -> str:
    """Where fans ask. Hive Router serves no contract of their own. Raises SettingsError."""
    return "/graphql" if chosen(values) == HIVE_ROUTER else "/fan/graphql"


def command(values: Mapping[str, str]) -> list[str]:
    """How to start it from the top of the repository. Raises SettingsError when Hive Router is wanted and not there."""
    if chosen(values) == HIVE_GATEWAY:
        return ["node", "gateway-config/start.mjs"]
    program = shutil.which(HIVE_ROUTER, path=values.get("PATH"))
    if program is None:
        raise SettingsError(
            f"ROUTER is {HIVE_ROUTER}, and no {HIVE_ROUTER} is on PATH: gateway-config/README.md says how to build it."
        )
    return [program]


def environment(values: Mapping[str, str], common: Mapping[str, str]) -> dict[str, str]:
    """What it is told: `common`, and for Hive Router its file and what that file cannot work out."""
    if chosen(values) == HIVE_GATEWAY:
        return dict(common)
    # They would win over the file; a shell may have the first two for its own reasons, the third has other values.
    told = {name: value for name, value in common.items() if name not in {"HOST", "PORT", "LOG_LEVEL"}}
    for service in map(str.upper, SERVICES):
        if port := told.get(f"{service}_PORT"):
            told.setdefault(f"{service}_SUBGRAPH_URL", f"http://{LOOPBACK}:{port}/graphql")
    return {**told, "ROUTER_CONFIG_FILE_PATH": str(CONFIG)}
