"""A whole system to do harm to."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devtools import launch
from tests.support import run
from tests.support.stack import RunningStack, running


@pytest.fixture
def own_stack() -> Iterator[RunningStack]:
    """A system of this test's own, for others must not suffer from its kills.

    Its folder is new too: a later start has another identity provider's port, so another issuer, whose staff has
    no roles on teams that are there already.
    """
    data_dir = Path(tempfile.mkdtemp(prefix="resilience-", dir=run.folder()))
    state = launch.launch(
        launch.Options(data_dir=str(data_dir), durable=False, free_ports=True, lifeline=os.getpid())
    )
    yield running(data_dir, state)
    launch.stop(data_dir)
