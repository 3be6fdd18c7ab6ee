import pytest

from services.campaigns.backend.settings import Settings as CampaignsSettings
from services.kit.settings import BackendSettings, SettingsError, SubgraphSettings
from tests.support.service import SETTINGS

DEVELOPMENT_KEY = "dev1:ZGV2ZWxvcG1lbnQtZGF0YS1rZXktMzItYnl0ZXMtISE"


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError, match="OIDC_ISSUERS: Field required"):
        SubgraphSettings.load(backend_keys=["k"], router_secrets=["s"])


def test_a_wrong_value_is_named_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="MONOQL_ENV") as error:
        SubgraphSettings.load(**SETTINGS, monoql_env="hunter2")
    assert "hunter2" not in str(error.value)


def test_lists_are_comma_separated() -> None:
    settings = SubgraphSettings.load(**{**SETTINGS, "oidc_issuers": "https://a.example, https://b.example"})
    assert settings.oidc_issuers == ["https://a.example", "https://b.example"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("backend_keys", "development-backend-key"),
        ("backend_keys", "strong,development-old"),
        ("data_keys", DEVELOPMENT_KEY),
        ("lookup_key", "ZGV2ZWxvcG1lbnQtbG9va3VwLWtleS0zMi1ieXRlcyE"),
    ],
)
def test_production_refuses_development_secrets_by_name(setting: str, value: str) -> None:
    with pytest.raises(SettingsError, match=setting.upper()) as error:
        BackendSettings.load(**{**SETTINGS, "monoql_env": "production", setting: value})
    assert value not in str(error.value)


def test_production_refuses_the_development_database_password_by_name() -> None:
    url = "postgresql://campaigns_service:%s@db.internal:5432/monoql_campaigns"
    given = {**SETTINGS, "monoql_env": "production"}
    with pytest.raises(SettingsError, match="CAMPAIGNS_DATABASE_URL"):
        CampaignsSettings.load(**given, CAMPAIGNS_DATABASE_URL=url % "development-database-password")
    assert CampaignsSettings.load(**given, CAMPAIGNS_DATABASE_URL=url % "Zx9").database_url == url % "Zx9"


def test_production_takes_real_secrets() -> None:
    assert BackendSettings.load(**SETTINGS, monoql_env="production").monoql_env == "production"


def test_every_setting_that_is_not_obvious_is_described() -> None:
    for kind in (SubgraphSettings, BackendSettings):
        for name, field in kind.model_fields.items():
            secret = "Secret" in str(field.annotation)
            assert not secret or field.description, f"{name} is a secret without a description"
