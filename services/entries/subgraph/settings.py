"""Settings of the entries subgraph."""

from pydantic import Field

from services.kit.settings import SubgraphSettings


class Settings(SubgraphSettings):
    """Beyond the common settings: where the Entry Service is."""

    backend_url: str | None = Field(
        None,
        validation_alias="ENTRIES_BACKEND_URL",
        description="the Entry Service; unset: mounted in-process",
    )
