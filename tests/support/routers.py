"""What Hive Router does not do that our own router does. `ROUTER=hive-router` skips the tests of it, and says why."""

import os

import pytest

from scripts.devtools.routers import HIVE_ROUTER, chosen

DIFFERENCES = {
    "fan contract": "Hive Router serves no fan contract and no registered documents",
    "spans in the log": "Hive Router writes no spans to its log",
}
"""Each of them in these words in gateway-config/README.md."""


def needs(what: str) -> pytest.MarkDecorator:
    """Marks a test that needs what Hive Router does not do."""
    return pytest.mark.skipif(chosen(os.environ) == HIVE_ROUTER, reason=DIFFERENCES[what])
