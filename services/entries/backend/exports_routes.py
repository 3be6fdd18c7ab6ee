"""Exports over REST, and the route by which their files leave."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.entries.backend import exports_rules
from services.entries.backend import exports_wire as x
from services.entries.backend.exports_parts_store import read_parts
from services.entries.backend.exports_store import KEY
from services.entries.backend.waves_wire import Ids
from services.kit.access import AccessAnswers, AccessCheck, AccessChecks, Permission
from services.kit.errors import DomainError, Forbidden
from services.kit.files import read
from services.kit.pg import Row
from services.kit.rest import Api, Call, problem_for

api = Api("Entry Service: exports", "1.0.0")


@api.post("/exports", x.NewExport, x.ExportAnswer)
async def start_export(call: Call[x.NewExport]) -> x.ExportAnswer:
    """Has a file written by the worker."""
    return await call.service.exports.start(call.require_actor(), call.body)


@api.post("/exports/cancel", x.ExportId, x.ExportAnswer)
async def cancel_export(call: Call[x.ExportId]) -> x.ExportAnswer:
    """Stops an export that is not done."""
    return await call.service.exports.cancel(call.require_actor(), call.body.export_id)


@api.post("/exports/batch", Ids, x.Exports)
async def get_exports(call: Call[Ids]) -> x.Exports:
    """Reads exports by id; unknown ids are left out."""
    return x.Exports(await call.service.exports.exports(call.body.ids))


@api.post("/exports/of-campaigns", Ids, x.Exports)
async def list_exports_of_campaigns(call: Call[Ids]) -> x.Exports:
    """Reads the last exports of many campaigns, newest first."""
    return x.Exports(await call.service.exports.exports_of_campaigns(call.body.ids))


async def download(request: Request) -> Response:
    """Streams a file, or the range of it that is asked for, to the bearer of its link, if whoever asked for the export
    may still have it.

    The audit log has it before the first byte leaves.
    """
    service = request.app.state.service
    try:
        subject = service.tokens.subject(request.path_params["token"])
        if subject.startswith("wav_"):
            return await _download_draw(service, subject, request.method)
        export = await service.exports.downloadable(subject)
        await _demand_permission(service, export)
    except DomainError as error:
        return problem_for(error)
    size = export["byte_size"]
    headers = {
        "accept-ranges": "bytes",
        "content-disposition": f'attachment; filename="{exports_rules.file_name(export)}"',
        "content-type": exports_rules.content_type(export),
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    try:
        part = exports_rules.requested_range(request.headers.get("range"), size)
    except ValueError:
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    first, last = part or (0, size - 1)
    if part:
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    headers["content-length"] = str(last + 1 - first)
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    await service.exports.note_download(export)
    key = service.sealer.open(export["key_sealed"], KEY)
    pieces = read_parts(service.files, export["file"], key, first, last)
    return StreamingResponse(pieces, status, headers)


async def _download_draw(service: Any, wave_id: str, method: str) -> Response:
    """The published file of a draw: it says nothing about a person, so that its link is enough."""
    wave = await service.proofs.file(wave_id)
    headers = {
        "content-disposition": f'attachment; filename="{wave_id}.draw.gz"',
        "content-type": "application/gzip",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    if method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(read(service.files, wave["file"]), headers=headers)


FILES = Route("/{token}", download)


async def _demand_permission(service: Any, export: Row) -> None:
    needed = [Permission.EXPORT_RUN]
    if export["personal_data"]:
        needed.append(Permission.PII_READ)
    if export["kind"] == "CODES":
        needed.append(Permission.CODE_READ)
    who, scope = export["requested_by"], (export["team_id"], export["campaign_id"])
    checks = AccessChecks([AccessCheck(who, permission, *scope) for permission in needed])
    answers = await service.peer("users").call(
        "POST", "/access/check", AccessAnswers, checks, idempotent=True
    )
    if answers.allowed != [True] * len(needed):
        raise Forbidden("Whoever asked for this export may not have it any more.")
