"""Redemptions over REST: platforms report them by signed webhook, code managers by hand."""

import time

from starlette.requests import Request

from services.codes.backend import redemptions_wire as wire
from services.codes.backend import signatures_rules as signatures
from services.codes.backend.redemptions_store import Given
from services.kit.errors import Unauthenticated
from services.kit.rest import Api, Call, Ingress

api = Api("Code Service: redemptions", "1.0.0")

PLATFORM = "monoql-platform"


def _admit(request: Request, body: bytes) -> None:
    """Lets in whom one of the platform's secrets proves. Which part does not fit is nobody's business."""
    platforms: dict[str, tuple[str, ...]] = request.app.state.service.settings.platforms
    given = request.headers
    secrets = platforms.get(given.get(PLATFORM, ""), ())
    timestamp, signature = given.get(signatures.TIMESTAMP, ""), given.get(signatures.SIGNATURE, "")
    if not signatures.is_signed(secrets, timestamp, signature, body, now=time.time()):
        raise Unauthenticated(
            f"{PLATFORM}, {signatures.TIMESTAMP} and {signatures.SIGNATURE} do not prove who sends this, "
            f"or it was signed more than {signatures.WINDOW_SECONDS} seconds ago. Check secret and clock."
        )


_SIGNED = Ingress(
    name="platformSignature",
    scheme={
        "type": "apiKey",
        "in": "header",
        "name": signatures.SIGNATURE,
        "description": f'`v1=` and hex HMAC-SHA256(secret, <{signatures.TIMESTAMP}> + "." + body), beside '
        f"`{PLATFORM}` and `{signatures.TIMESTAMP}` (Unix seconds).",
    },
    admit=_admit,
    max_body=256 * 1024,
)


@api.post("/webhooks/redemptions", wire.Reports, wire.Results, ingress=_SIGNED)
async def receive_redemptions(call: Call[wire.Reports]) -> wire.Results:
    """Takes a platform's reports of redemptions; one result each. They may come late, twice, in any order."""
    platform = call.request.headers[PLATFORM]
    reports = call.body.redemptions
    reported = await call.service.redemptions.take([Given(platform, report) for report in reports])
    return wire.Results(
        [
            wire.Result(report.external_id, one.outcome, one.replayed, one.message)
            for report, one in zip(reports, reported, strict=True)
        ]
    )


@api.post("/redemptions", wire.ReportByHand, wire.Reported)
async def report_redemption(call: Call[wire.ReportByHand]) -> wire.Reported:
    """Takes a report of the actor's on behalf of a platform, and writes that into the audit log."""
    given = Given(call.body.platform, call.body, call.require_actor())
    [reported] = await call.service.redemptions.take([given])
    return reported


@api.post("/redemptions/scope", wire.GivenCodes, wire.CodeScopes)
async def get_scopes_of_codes(call: Call[wire.GivenCodes]) -> wire.CodeScopes:
    """Answers whose the codes are that somebody typed, in order; null where nobody knows the code."""
    return wire.CodeScopes(await call.service.redemptions.scopes(call.body.codes))


@api.post("/redemptions/batch", wire.CodeIds, wire.Redemptions)
async def get_redemptions(call: Call[wire.CodeIds]) -> wire.Redemptions:
    """Reads what codes were used for."""
    return wire.Redemptions(await call.service.redemptions.redemptions(call.body.ids))
