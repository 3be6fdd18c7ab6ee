"""Which telephone network a service uses: its settings, and the sender they name."""

from pathlib import Path
from typing import Literal, Self

import httpx
from pydantic import Field, SecretStr, model_validator

from services.kit.messages import OutboxSender, SmsSender
from services.kit.settings import BackendSettings
from services.kit.twilio import TwilioAccount, TwilioSender


class MessageSettings(BackendSettings):
    """What a backend that sends text messages needs on top."""

    sms_provider: Literal["outbox", "twilio"] = Field(
        "outbox", description="the telephone network; production refuses the outbox"
    )
    sms_outbox: Path = Field(
        Path(".data/outbox/sms.ndjson"), description="where the development sender leaves messages"
    )
    twilio_account_sid: str = Field("", description="the account that pays, AC…")
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="its secret")
    twilio_from: str = Field("", description="who texts: a number in E.164 or a messaging service, MG…")
    twilio_caller: str = Field("", description="who calls: a number in E.164; without one no call is offered")
    twilio_url: str = Field("https://api.twilio.com", description="where Twilio's API is")

    @model_validator(mode="after")
    def _can_send(self) -> Self:
        if self.sms_provider == "outbox":
            if self.monoql_env == "production":
                raise ValueError(
                    "MONOQL_ENV=production refuses SMS_PROVIDER=outbox; name a telephone network"
                )
            return self
        missing = [
            name.upper()
            for name in ("twilio_account_sid", "twilio_auth_token", "twilio_from")
            if not (value := getattr(self, name)) or value == SecretStr("")
        ]
        if missing:
            raise ValueError(f"SMS_PROVIDER=twilio needs {', '.join(missing)}")
        if self.monoql_env == "production" and not self.twilio_url.startswith("https://"):
            raise ValueError("TWILIO_URL must begin with https:// in production")
        return self


def open_sender(settings: MessageSettings, transport: httpx.AsyncBaseTransport | None = None) -> SmsSender:
    """The sender that the settings name; close it with `aclose`. `transport` stands for the network in tests."""
    if settings.sms_provider == "outbox":
        return OutboxSender(settings.sms_outbox)
    account = TwilioAccount(
        sid=settings.twilio_account_sid,
        token=settings.twilio_auth_token,
        sender=settings.twilio_from,
        caller=settings.twilio_caller or None,
        url=settings.twilio_url,
    )
    return TwilioSender(account, transport)
