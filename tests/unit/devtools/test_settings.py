from pathlib import Path

import pytest

from scripts.devtools import settings
from scripts.devtools.settings import SettingsError


def test_the_environment_wins_over_the_file():
    loaded = settings.load(environ={"ROUTER_PORT": "4999"})
    assert loaded.ports["router"] == 4999
    assert loaded.ports["users-backend"] == 4011
    assert loaded["OIDC_AUDIENCE"] == "monoql"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"CODES_PORT": "many"}, "CODES_PORT must be a port between 1 and 65535, not 'many'."),
        ({"CODES_PORT": "70000"}, "CODES_PORT must be a port between 1 and 65535, not '70000'."),
        ({"CODES_PORT": "4001"}, "USERS_PORT and CODES_PORT are both 4001."),
    ],
)
def test_a_wrong_port_is_named(environ: dict[str, str], sentence: str):
    with pytest.raises(SettingsError) as error:
        settings.load(environ=environ)
    assert str(error.value) == sentence


def test_an_absent_setting_is_named():
    with pytest.raises(
        SettingsError, match=r"^NO_SUCH_SETTING is not set: put it into \.env or the environment\.$"
    ):
        _ = settings.load()["NO_SUCH_SETTING"]


def test_free_ports_differ_and_lie_below_the_ephemeral_range():
    ports = settings.load(free_ports=True).ports
    assert len(set(ports.values())) == len(ports)
    assert max(ports.values()) < 32768


def test_env_file_syntax(tmp_path: Path):
    (tmp_path / ".env").write_text("# comment\n\nA=1\nB = 'two words'\nC=x=y\n")
    loaded = settings.load(free_ports=True, environ={}, root=tmp_path)
    assert loaded.values == {"A": "1", "B": "two words", "C": "x=y"}
    assert loaded.data_dir == tmp_path / ".data"
