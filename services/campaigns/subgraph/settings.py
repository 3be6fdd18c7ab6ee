"""Settings of the campaigns subgraph."""

from pydantic import Field

from services.kit.settings import SubgraphSettings


class Settings(SubgraphSettings):
    """Beyond the common settings: where the Campaign Service is."""

    backend_url: str | None = Field(
        None,
        validation_alias="CAMPAIGNS_BACKEND_URL",
        description="the Campaign Service; unset: mounted in-process",
    )
