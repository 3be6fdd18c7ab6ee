"""Settings of the entries subgraph."""

from pydantic import Field

from services.kit.settings import SubgraphSettings


class Settings(SubgraphSettings):
    """Beyond the common settings: where the Entry Service is, and how often a fan may register."""

    backend_url: str | None = Field(
        None,
        validation_alias="ENTRIES_BACKEND_URL",
        description="the Entry Service; unset: mounted in-process",
    )
    submit_burst: int = Field(
        10,
        validation_alias="ENTRIES_SUBMIT_BURST",
        ge=1,
        description="registrations, and changes of them, that a fan may send at once to one process",
    )
    submit_per_minute: int = Field(
        30,
        validation_alias="ENTRIES_SUBMIT_PER_MINUTE",
        ge=1,
        description="and how many a minute in the long run; what is above is answered RateLimited",
    )
