"""The User Service's REST API about privacy requests, and the route by which archives leave."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.kit.errors import DomainError
from services.kit.rest import Api, Call, problem_for
from services.users.backend import privacy_wire as w

api = Api("User Service", "1.0.0")


@api.post("/privacy-requests", w.NewPrivacyRequest, w.PrivacyAnswer)
async def request_privacy(call: Call[w.NewPrivacyRequest]) -> w.PrivacyAnswer:
    """Opens the actor's own request, or answers the one of its kind that is under way."""
    return await call.service.privacy.request(call.require_actor(), call.body)


@api.post("/privacy-requests/batch", w.PrivacyRequestIds, w.PrivacyRequests)
async def get_privacy_requests(call: Call[w.PrivacyRequestIds]) -> w.PrivacyRequests:
    """Reads the actor's own requests by id; others' are left out."""
    return w.PrivacyRequests(await call.service.privacy.requests(call.require_actor(), call.body.ids))


@api.get("/privacy-requests", w.PrivacyRequests)
async def list_privacy_requests(call: Call[None]) -> w.PrivacyRequests:
    """Reads the actor's own last requests, newest first."""
    return w.PrivacyRequests(await call.service.privacy.requests(call.require_actor()))


async def download(request: Request) -> Response:
    """Streams an archive to the bearer of its link, while its owner is still the one who asked for it."""
    service = request.app.state.service
    try:
        request_id = service.tokens.subject(request.path_params["token"])
        file, key, size = await service.privacy.downloadable(request_id)
    except DomainError as error:
        return problem_for(error)
    headers = {
        "content-length": str(size),
        "content-disposition": f'attachment; filename="personal-data-{request_id}.zip"',
        "content-type": "application/zip",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    if request.method == "HEAD":
        return Response(headers=headers)
    return StreamingResponse(service.archives.read(file, key), headers=headers)


FILES = Route("/{token}", download)
