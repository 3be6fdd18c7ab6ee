"""Privacy requests in the graph: what people ask of us about their data, and what each service answered."""

from enum import Enum
from typing import Any, Self

import strawberry

from services.kit.types import ID, URL, DateTime, Job, JobState, fitting
from services.kit.upstream import Problem
from services.users.subgraph import privacy_backend as backend
from services.users.subgraph.loaders import UsersContext


@strawberry.enum(description="What somebody asks about her own data.")
class PrivacyRequestKind(Enum):
    ACCESS = strawberry.enum_value("ACCESS", description="A copy of everything that is kept about her.")
    ERASURE = strawberry.enum_value(
        "ERASURE", description="That everything about her is erased; nothing can call it off."
    )


@strawberry.type(description="What one service did for a privacy request.")
class PrivacyReceipt:
    service: str = strawberry.field(description="Which: users, campaigns, entries or codes.")
    state: JobState = strawberry.field(description="QUEUED until it has answered, then SUCCEEDED.")
    record_count: int | None = strawberry.field(
        description="How many records it gave or erased; null until it has answered."
    )
    digest: str | None = strawberry.field(
        description="SHA-256 in hex: of its file in the archive, or of what it counted when it erased."
    )
    at: DateTime | None = strawberry.field(description="When it was done.")

    @classmethod
    def of(cls, receipt: backend.PrivacyReceipt) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            service=receipt.service,
            state=JobState(receipt.state),
            record_count=receipt.record_count,
            digest=receipt.digest,
            at=DateTime(receipt.at) if receipt.at else None,
        )


@strawberry.federation.type(
    keys=["id"],
    description="What somebody asked about her own data: poll it until `state` is final. Only she sees it, with the "
    "token from before an erasure too.",
)
class PrivacyRequest(Job):
    kind: PrivacyRequestKind = strawberry.field(description="What she asked for.")
    due_at: DateTime = strawberry.field(
        description="By when the law wants it done: a month after the request."
    )
    receipts: list[PrivacyReceipt] = strawberry.field(description="One of each service, by its name.")
    download_url: URL | None = strawberry.field(
        description="Where to get the archive of an ACCESS request, a zip with `index.html`; works for ten minutes, "
        "ask again for a new link."
    )
    byte_size: int | None = strawberry.field(
        description="The archive's size in bytes; once succeeded, and where it is less than 2 GiB."
    )
    sha256: str | None = strawberry.field(
        description="SHA-256 of the archive's bytes, in hex; once succeeded."
    )
    expires_at: DateTime | None = strawberry.field(description="When the archive is removed.")

    @classmethod
    async def resolve_reference(cls, info: strawberry.Info[UsersContext, Any], id: str) -> Self | None:
        request = await info.context.privacy_request_by_id.load(id)
        return None if request is None else cls.of(request)

    @classmethod
    def of(cls, request: backend.PrivacyRequest) -> Self:
        """The graph's view of what the User Service answered."""
        return cls(
            id=ID(request.id),
            state=JobState(request.state),
            progress=request.progress,
            created_at=DateTime(request.created_at),
            finished_at=DateTime(request.finished_at) if request.finished_at else None,
            failure=request.failure,
            kind=PrivacyRequestKind(request.kind),
            due_at=DateTime(request.due_at),
            receipts=[PrivacyReceipt.of(receipt) for receipt in request.receipts],
            download_url=URL(request.download_url) if request.download_url else None,
            byte_size=fitting(request.byte_size),
            sha256=request.sha256,
            expires_at=DateTime(request.expires_at) if request.expires_at else None,
        )


async def open_request(
    context: UsersContext, kind: PrivacyRequestKind, locale: str | None, key: str | None
) -> backend.PrivacyAnswer:
    """The caller's request, or the one under way. Who was never seen before is made first; who has been erased can
    still ask what became of it.
    """
    try:
        return await context.privacy.request(kind.name, locale, key)
    except Problem as problem:
        if problem.code != "NOT_FOUND":
            raise
    await context.session()
    return await context.privacy.request(kind.name, locale, key)
