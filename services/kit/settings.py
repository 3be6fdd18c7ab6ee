"""Typed settings, read from the environment, failing fast with the name of what is wrong."""

import base64
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_DEVELOPMENT_PASSWORD = re.compile(r"://[^/@]*:development-[^/@]*@")


class SettingsError(SystemExit):
    """The environment does not configure this process; the message names each setting."""


def comma_separated(value: Any) -> Any:
    """A list out of a setting's text; what is a list already stays as it is."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(comma_separated)]
SecretList = Annotated[list[SecretStr], NoDecode, BeforeValidator(comma_separated), Field(min_length=1)]


class EnvironmentSettings(BaseSettings):
    """Settings of a process, read from its environment. Production refuses development values by name."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, frozen=True)

    monoql_env: Literal["development", "production"] = "development"

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Reads the environment. Raises SettingsError with one line per wrong setting."""
        try:
            return cls(**overrides)
        except ValidationError as error:
            lines = [f"  {_env_name(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False)]
            raise SettingsError("\n".join([f"{cls.__name__} cannot be loaded:", *lines])) from None

    @model_validator(mode="after")
    def _no_development_secret_in_production(self) -> Self:
        if self.monoql_env == "production":
            weak = [
                str(field.validation_alias or name).upper()
                for name, field in type(self).model_fields.items()
                if _is_development(getattr(self, name))
            ]
            if weak:
                raise ValueError(f"MONOQL_ENV=production refuses the development value of {', '.join(weak)}")
        return self


class Settings(EnvironmentSettings):
    """What every process that serves or works needs to know."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    bind_host: str = "127.0.0.1"
    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="OTLP/HTTP collector of spans, metrics and log lines; unset: spans go to the log"
    )
    max_in_flight: int = Field(2000, description="requests a process works on at once; more are answered 503")
    backend_keys: SecretList = Field(description="callers of a backend send the first, backends accept any")


class SubgraphSettings(Settings):
    """What every subgraph needs on top."""

    oidc_issuers: CommaSeparated = Field(description="issuer URLs whose tokens count", min_length=1)
    oidc_audience: str = Field("monoql", description="the `aud` that a token must carry")
    router_secrets: SecretList = Field(description="the router signs with the first, subgraphs accept any")
    users_backend_url: str | None = Field(None, description="where permission questions go")
    request_timeout: float = Field(8.0, description="seconds a GraphQL request may take")
    upstream_timeout: float = Field(6.5, description="seconds to wait for a backend")


class BackendSettings(Settings):
    """What every backend needs on top."""

    data_keys: SecretList = Field(description="id:base64url(32 bytes); the first encrypts, all decrypt")
    lookup_key: SecretStr = Field(
        description="base64url(32 bytes): HMAC of identities, phones, emails, codes"
    )
    public_url: str = Field("http://127.0.0.1:4000", description="what the outside calls the router")
    files_url: str = Field(".data/files", description="folder, file:// or s3:// URL for uploads and exports")
    db_pool_size: int = 8
    statement_timeout_ms: int = 5000
    plan_cache_mode: Literal["auto", "force_generic_plan"] = Field(
        "auto", description="force_generic_plan where planning a read costs more than running it"
    )
    request_timeout: float = Field(6.0, description="seconds a REST request may take")
    idempotency_days: int = Field(7, ge=1, description="how long an idempotency key replays its answer")
    failed_job_days: int = Field(30, ge=1, description="how long a job that failed can be looked at")
    users_backend_url: str | None = None
    campaigns_backend_url: str | None = None
    entries_backend_url: str | None = None
    codes_backend_url: str | None = None


def _env_name(location: tuple[Any, ...]) -> str:
    return str(location[0]).upper() if location else "settings"


def _is_development(value: Any) -> bool:
    if isinstance(value, list):
        return any(_is_development(item) for item in value)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, str):
        return _DEVELOPMENT_PASSWORD.search(value) is not None
    if not isinstance(value, SecretStr):
        return False
    text = value.get_secret_value()
    raw = text.rpartition(":")[2]
    try:
        decoded = base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4))
    except ValueError:
        decoded = b""
    return "development" in text or b"development" in decoded
