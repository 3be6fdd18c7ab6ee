"""What is in the images, and what is not."""

import babel
import babel.localedata
import pytest

from services import SERVICES
from services.kit.locales import LOCALES
from tests.support.containers.engine import Engine, EngineError
from tests.support.containers.system import IMAGES, tag

LARGEST_SUBGRAPH = 250_000_000
_IMPORT = "import importlib.util as u, sys; sys.exit(any(u.find_spec(n) for n in sys.argv[1:]))"
_DRIVERS = ("asyncpg", "psycopg", "sqlalchemy", "procrastinate", "obstore")


@pytest.mark.parametrize("service", SERVICES)
def test_a_subgraph_is_small_and_has_no_way_to_a_database(images: Engine, service: str) -> None:
    assert images.inspect("image", tag(service))["Size"] < LARGEST_SUBGRAPH
    others = [f"services.{other}" for other in SERVICES if other != service]
    backend = f"services.{service}.backend"
    images.run_container(
        "--rm", "--network=none", tag(service), *("python", "-c", _IMPORT, *_DRIVERS, *others, backend)
    )


def test_a_subgraph_speaks_every_language_that_is_served(images: Engine) -> None:
    known = [locale for locale in LOCALES if babel.localedata.exists(locale.replace("-", "_"))]
    assert len(known) > len(LOCALES) / 2
    program = "import babel, sys; [babel.Locale.parse(name, '-') for name in sys.argv[1:]]"
    images.run_container("--rm", "--network=none", tag("campaigns"), "python", "-c", program, *known)


def test_the_check_for_drivers_finds_those_of_a_backend(images: Engine) -> None:
    with pytest.raises(EngineError):
        images.run_container("--rm", "--network=none", tag("backend"), "python", "-c", _IMPORT, *_DRIVERS)


def test_what_stands_in_for_the_outside_has_all_that_it_runs(images: Engine) -> None:
    commands = "scripts.devtools.commands"
    program = f"import nanio, scripts.devtools.identity, {commands}.sms, {commands}.token"
    images.run_container("--rm", "--network=none", tag("development"), "python", "-c", program)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_who_runs_it_and_holds_no_secret(images: Engine, image: str) -> None:
    config = images.inspect("image", tag(image))["Config"]
    assert config["User"] not in {"", "root", "0"}
    names = {variable.partition("=")[0] for variable in config["Env"]}
    assert [
        name for name in names if name.endswith(("SECRET", "SECRETS", "PASSWORD", "KEY", "KEYS", "URL"))
    ] == []
