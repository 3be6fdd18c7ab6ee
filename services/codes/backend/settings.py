"""Settings of the Code Service."""

import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from services.codes.backend.mail_settings import MailSettings
from services.kit.settings import comma_separated

_PLATFORM = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SHORTEST_SECRET = 16


class Settings(MailSettings):
    """Beyond the common settings: the database, how codes go out, and who may report redemptions."""

    database_url: str = Field(
        validation_alias="CODES_DATABASE_URL", description="the codes database, as codes_service"
    )
    fan_site_url: str | None = Field(
        None, description="where fans use their codes, for the link in messages; unset: PUBLIC_URL"
    )
    delivery_per_second: int = Field(
        20, ge=1, le=1000, description="messages with codes that a worker sends in a second"
    )
    platform_secrets: Annotated[list[SecretStr], NoDecode, BeforeValidator(comma_separated)] = Field(
        default_factory=list[SecretStr],
        description="platform:secret, or platform:secret|secret while one replaces the other; comma-separated",
    )

    @property
    def platforms(self) -> dict[str, tuple[str, ...]]:
        """The secrets with which each ticketing platform may sign its reports of redemptions."""
        pairs = [secret.get_secret_value().partition(":") for secret in self.platform_secrets]
        return {name: tuple(secrets.split("|")) for name, _, secrets in pairs}

    @model_validator(mode="after")
    def _platforms_have_secrets(self) -> Self:
        for name, secrets in self.platforms.items():
            if not _PLATFORM.fullmatch(name):
                raise ValueError("PLATFORM_SECRETS: a platform's name is made of a-z, 0-9 and -")
            if not 1 <= len(secrets) <= 2 or min(map(len, secrets)) < _SHORTEST_SECRET:
                raise ValueError(
                    f"PLATFORM_SECRETS: {name} needs one secret, or two, of {_SHORTEST_SECRET} characters at least"
                )
        if len(self.platforms) != len(self.platform_secrets):
            raise ValueError("PLATFORM_SECRETS names a platform twice: put both secrets behind one name")
        return self
