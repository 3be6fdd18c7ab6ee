"""Settings of the codes subgraph."""

from pydantic import Field

from services.kit.settings import SubgraphSettings


class Settings(SubgraphSettings):
    """Beyond the common settings: where the Code Service is."""

    backend_url: str | None = Field(
        None, validation_alias="CODES_BACKEND_URL", description="the Code Service; unset: mounted in-process"
    )
