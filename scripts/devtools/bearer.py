"""How the generated client sends its operations: as the bearer of one token."""

from typing import Any

from pydantic import BaseModel

from scripts.devtools.fan_client.base_model import UnsetType
from scripts.devtools.graphql_client import GraphQLClient


class Bearer:
    """Sends to the endpoint of fans by `client`, whose connections many may share. Operations raise GraphQLErrors."""

    def __init__(self, client: GraphQLClient, token: str | None = None) -> None:
        self._client = client.of_fans()
        self._token = token

    async def execute(
        self, query: str, operation_name: str, variables: dict[str, Any], **_: Any
    ) -> dict[str, Any]:
        """The answer's data."""
        given = {name: _plain(value) for name, value in variables.items() if not isinstance(value, UnsetType)}
        return await self._client.query(query, given, token=self._token)

    def get_data(self, response: dict[str, Any]) -> dict[str, Any]:
        """What `execute` answered."""
        return response


def _plain(value: Any) -> Any:
    """An input as JSON, without what nobody set."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value
