"""Which mail server the Code Service uses."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from services.kit.senders import MessageSettings


class MailSettings(MessageSettings):
    """What sending mail needs on top of sending text messages."""

    mail_provider: Literal["outbox", "smtp"] = Field(
        "outbox", description="outbox: into the file of the text messages, which production refuses"
    )
    mail_from: str = Field("codes@monoql.test", description="the sender's address")
    mail_from_name: str = Field("MonoQL", description="the sender's name")
    smtp_host: str = Field("", description="the mail server")
    smtp_port: int = Field(587, description="its port")
    smtp_tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="how the connection is encrypted; production refuses none"
    )
    smtp_username: str = Field("", description="who signs in; unset: nobody does")
    smtp_password: SecretStr = Field(SecretStr(""), description="and how")

    @model_validator(mode="after")
    def _can_mail(self) -> Self:
        if self.monoql_env == "production":
            if self.mail_provider == "outbox":
                raise ValueError("MONOQL_ENV=production refuses MAIL_PROVIDER=outbox; name a mail server")
            if self.smtp_tls == "none":
                raise ValueError("MONOQL_ENV=production refuses SMTP_TLS=none")
            if self.mail_from.endswith(".test"):
                raise ValueError("MONOQL_ENV=production refuses the development value of MAIL_FROM")
        if self.mail_provider == "smtp" and not self.smtp_host:
            raise ValueError("MAIL_PROVIDER=smtp needs SMTP_HOST")
        return self
