"""A ticketing platform at its seam with codes: it signs reports of redemptions and sends them, as documented."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

import httpx

from services.kit.ids import new_id
from tests.unit.codes.conftest import Codes


@dataclass
class Platform:
    """`axs`, with the second of its two secrets, unless told otherwise."""

    codes: Codes
    name: str = "axs"
    secret: str = "a-new-secret-of-axs"

    def signed(self, body: bytes, *, age: float = 0) -> dict[str, str]:
        """The headers of a body that was sent `age` seconds ago."""
        moment = str(int(time.time() - age))
        mac = hmac.new(self.secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {
            "monoql-platform": self.name,
            "monoql-timestamp": moment,
            "monoql-signature": f"v1={mac}",
        }

    async def post(self, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """The raw answer; our own tiers' key is not among the headers."""
        transport = httpx.ASGITransport(self.codes.service.backend)
        async with httpx.AsyncClient(transport=transport, base_url="http://codes") as client:
            return await client.post(
                "/webhooks/redemptions",
                content=body,
                headers=self.signed(body) if headers is None else headers,
            )

    async def report(self, *reports: dict[str, Any]) -> list[dict[str, Any]]:
        """The results of these reports, sent together."""
        answer = await self.post(json.dumps({"redemptions": reports}).encode())
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    async def outcomes(self, *reports: dict[str, Any]) -> list[str]:
        """What became of each of these reports, sent together."""
        return [result["outcome"] for result in await self.report(*reports)]


def sale(code: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    """A report of a purchase, under an id of its own unless given one."""
    return {"externalId": new_id("sale"), "code": code, "quantity": quantity, **more}
