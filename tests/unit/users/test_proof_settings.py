"""Who vouches for fans is configured whole or not at all, and never by development values in production."""

from typing import Any

import pytest

from scripts.devtools import proof_providers
from services.kit.settings import SettingsError
from services.users.backend.settings import Settings
from tests.support.service import SETTINGS

DATABASE = {"USERS_DATABASE_URL": "postgresql://x"}
TWILIO = {
    "sms_provider": "twilio",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "t",
    "twilio_from": "+12125550100",
}
DEVELOPMENT = {
    name.lower(): value for name, value in proof_providers.settings("http://127.0.0.1:4020").items()
}


def load(**changes: Any) -> Settings:
    return Settings.load(**{**SETTINGS, **DATABASE, **changes})


def test_nothing_is_offered_unless_it_is_configured() -> None:
    settings = load()
    assert not any(settings.offers(provider) for provider in ("verizon", "citi", "card_processor", "asu"))
    settings = load(**DEVELOPMENT)
    assert all(settings.offers(provider) for provider in ("verizon", "citi", "card_processor", "asu"))


@pytest.mark.parametrize("name", [name for name in DEVELOPMENT if not name.endswith("introspect_url")])
def test_a_provider_by_halves_is_refused_by_name(name: str) -> None:
    with pytest.raises(SettingsError, match=f"by halves: set {name.upper()}$"):
        load(**{**DEVELOPMENT, name: ""})


def test_production_refuses_the_development_providers_by_name() -> None:
    production = {**TWILIO, "monoql_env": "production"}
    assert load(**production).monoql_env == "production"
    with pytest.raises(SettingsError) as refused:
        load(**production, **DEVELOPMENT)
    for name in ("VERIZON_CLIENT_SECRET", "CITI_CLIENT_SECRET", "CARD_PROCESSOR_KEY"):
        assert name in str(refused.value)
    with pytest.raises(SettingsError, match="CARD_PROCESSOR_URL must begin with https://"):
        load(**production, card_processor_url="http://cards", card_processor_key="sk_live")
    with pytest.raises(SettingsError, match="ASU_ISSUER must begin with https://"):
        load(**production, asu_issuer="http://asu", asu_audience="monoql")
