"""Files sent in and looked at, for the tests of this folder."""

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import obstore
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount

from services.kit.files import read
from tests.unit.campaigns.campaigns import Campaigns

FIELDS = """id state purpose filename byteSize contentType uploadUrl uploadExpiresAt url failureCode failure createdAt
    expiresAt"""
CREATE = f"""
mutation ($input: CreateUploadInput!) {{
  createUpload(input: $input) {{
    __typename
    ... on UploadCreated {{ replayed upload {{ {FIELDS} }} }}
    ... on Error {{ code message }} ... on ValidationFailed {{ issues {{ path code }} }}
  }}
}}
"""


def picture(kind: str = "JPEG", size: tuple[int, int] = (64, 48), mode: str = "RGB", **options: Any) -> bytes:
    """A picture with some colours in it."""
    image = Image.linear_gradient("L").resize(size).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def content(data: bytes) -> AsyncIterator[bytes]:
    """A body without a length: it is sent in chunks."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]

    return pieces()


class Uploads:
    """createUpload, PUT and Query.upload, as the editor unless told otherwise."""

    def __init__(self, campaigns: Campaigns) -> None:
        self.campaigns = campaigns
        self.service = campaigns.service

    async def ask(self, *, token: str | None = None, **given: Any) -> dict[str, Any]:
        """The whole answer of createUpload for a picture of the team."""
        asked = {
            "purpose": "HERO_IMAGE",
            "filename": "hero.jpg",
            "contentType": "image/jpeg",
            "byteSize": 100,
        }
        if "campaignId" not in given:
            asked["teamId"] = self.campaigns.team
        return await self.service.graphql(
            CREATE, {"input": {**asked, **given}}, token=token or self.campaigns.editor
        )

    async def create(self, **given: Any) -> dict[str, Any]:
        """The upload that createUpload promises."""
        answer = await self.ask(**given)
        assert "errors" not in answer, answer["errors"]
        assert answer["data"]["createUpload"]["__typename"] == "UploadCreated", answer
        return answer["data"]["createUpload"]["upload"]

    async def see(self, upload_id: str, *, token: str | None = None) -> dict[str, Any] | None:
        """Query.upload."""
        query = f"query ($id: ID!) {{ upload(id: $id) {{ {FIELDS.replace('uploadUrl', '')} }} }}"
        answer = await self.service.graphql(query, {"id": upload_id}, token=token or self.campaigns.editor)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]["upload"]

    async def send(
        self, method: str, url: str, body: Any = None, *, split: bool = False, **headers: str
    ) -> httpx.Response:
        """A request to the files of the service: mounted in its subgraph's process, or in a process of its own."""
        app = (
            self.service.backend if split else Starlette(routes=[Mount("/files", self.service.backend.files)])
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://files") as client:
            sent = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.request(
                method, f"/files/{url.rpartition('/')[2]}", content=body, headers=sent
            )

    async def sent(self, data: bytes, **given: Any) -> str:
        """The id of an upload whose file has arrived."""
        upload = await self.create(byteSize=len(data), **given)
        answer = await self.send("PUT", upload["uploadUrl"], data)
        assert answer.status_code == 204, answer.text
        return upload["id"]

    async def checked(self, data: bytes, **given: Any) -> dict[str, Any]:
        """An upload after the worker's check."""
        upload_id = await self.sent(data, **given)
        await self.service.resources.uploads.check(upload_id)
        seen = await self.see(upload_id, token=given.get("token"))
        assert seen is not None
        return seen

    async def stored(self) -> list[str]:
        """The keys of all objects in the store."""
        found = obstore.list(self.service.resources.files)
        return sorted([one["path"] async for page in found for one in page])

    async def file(self, upload_id: str) -> tuple[dict[str, Any], bytes]:
        """What other services are told of an upload, and the bytes that they find."""
        answer = await self.service.rest("POST", "/uploads/batch", {"ids": [upload_id]})
        [upload] = answer.json()["uploads"]
        data = b"".join([piece async for piece in read(self.service.resources.files, upload["file"])])
        return upload, data
