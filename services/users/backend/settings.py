"""Settings of the User Service."""

from pydantic import Field

from services.kit.senders import MessageSettings
from services.users.backend.phone_rules import Limits
from services.users.backend.proofs_provider import ProofSettings


class Settings(MessageSettings, ProofSettings):
    """Beyond the common settings: the database, who sends messages, who vouches for fans, and caps on codes."""

    database_url: str = Field(
        validation_alias="USERS_DATABASE_URL", description="the users database, as users_service"
    )
    phone_code_minutes: int = Field(10, ge=1, le=10, description="how long a code works")
    phone_attempts: int = Field(5, ge=1, le=5, description="how many guesses a code takes")
    phone_resend_seconds: int = Field(30, ge=0, description="a user waits so long before the next code")
    phone_accounts_per_number: int = Field(5, ge=1, description="accounts that one number may confirm")
    phone_cap_per_number: int = Field(5, ge=0, description="messages to one number a day")
    phone_cap_per_user: int = Field(10, ge=0, description="messages for one user a day")
    phone_cap_per_ip: int = Field(20, ge=0, description="messages from one address an hour")
    phone_cap_per_country: int = Field(20_000, ge=0, description="messages to one served country an hour")
    phone_cap_per_other_country: int = Field(200, ge=0, description="messages to one other country an hour")
    phone_daily_spend_cents: int = Field(100_000, ge=0, description="what all messages of a day may cost")
    phone_cents_per_message: int = Field(1, ge=0, description="what a message to a served country costs")
    phone_cents_per_other_message: int = Field(10, ge=0, description="what a message elsewhere costs")
    privacy_keep_hours: int = Field(168, ge=1, description="how long a personal-data archive can be had")
    privacy_lease_seconds: float = Field(
        30.0, gt=0, description="a worker that is silent for longer has lost its privacy request"
    )

    @property
    def phone_limits(self) -> Limits:
        """The caps as the rules take them."""
        return Limits(
            resend_seconds=self.phone_resend_seconds,
            per_number=self.phone_cap_per_number,
            per_user=self.phone_cap_per_user,
            per_ip=self.phone_cap_per_ip,
            per_country=self.phone_cap_per_country,
            per_other_country=self.phone_cap_per_other_country,
            daily_cents=self.phone_daily_spend_cents,
            cents=self.phone_cents_per_message,
            other_cents=self.phone_cents_per_other_message,
        )
