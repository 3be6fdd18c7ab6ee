"""The images, and the system in them; both are skipped, saying why, where nothing can run them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.devtools import databases as service_databases
from services import SERVICES
from tests.support import run
from tests.support.containers import bases, system
from tests.support.containers.engine import Engine, EngineError, NoEngineError
from tests.support.containers.system import ContainerSystem
from tests.support.postgres import Databases


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """The engine of this machine, with the images that ours are built on."""
    if not request.config.getoption("--containers"):
        pytest.skip("runs with --containers: it builds seven images and runs eleven containers")
    try:
        engine = Engine.find()
    except NoEngineError as error:
        pytest.skip(f"did not run: {error}")
    for base in bases.missing(engine):
        try:
            engine.run("pull", base)
        except EngineError:
            pytest.skip(
                f"did not run: {engine.program} has no {base} and no registry gives it; as root on Debian, "
                "python -m tests.support.containers.bases makes a stand-in"
            )
    try:
        engine.run_container("--rm", "--network=none", bases.bases()[0], "true")
    except EngineError as error:
        pytest.skip(f"did not run: {engine.program} runs no container here. {error}")
    return engine


@pytest.fixture(scope="session")
def images(engine: Engine) -> Engine:
    """The engine, once every image is built from this checkout."""
    with run.one_worker_at_a_time("images"):
        system.build(engine)
    return engine


@pytest.fixture(scope="session")
def containers(
    images: Engine, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ContainerSystem]:
    """The whole system in containers, with databases of its own."""
    name = f"{run.database_prefix()}containers_{{service}}"
    made = service_databases.provision(databases.admin_dsn, SERVICES, "a-password-of-the-tests", name=name)
    data_dir: Path = tmp_path_factory.mktemp("containers")
    running = ContainerSystem(images, made, data_dir)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        for database in made.values():
            databases.drop(database)
