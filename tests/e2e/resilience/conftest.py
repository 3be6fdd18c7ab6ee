"""A whole system to do harm to."""

import os
from collections.abc import Iterator

import pytest

from scripts.devtools import launch
from tests.support import run
from tests.support.stack import RunningStack, running


@pytest.fixture
def own_stack() -> Iterator[RunningStack]:
    """A system of this test's own, for others must not suffer from its kills."""
    data_dir = run.folder() / f"resilience-{os.getpid()}"
    state = launch.launch(
        launch.Options(data_dir=str(data_dir), durable=False, free_ports=True, lifeline=os.getpid())
    )
    yield running(data_dir, state)
    launch.stop(data_dir)
