"""Files of scores on their way in."""

from typing import Annotated, Any, Self

import strawberry

from services.entries.subgraph import score_imports_backend as backend
from services.kit.access import Permission, Scope
from services.kit.errors import Invalid, Issue
from services.kit.types import ID, DateTime, Job, JobState

Info = strawberry.Info[Any, Any]
_MOST_ERRORS = 1000


@strawberry.federation.type(description="A line of a file of scores that was not taken.", tags=["admin"])
class ScoreImportError:
    line: int = strawberry.field(description="The line's number in the file, from 1, the header included.")
    code: str = strawberry.field(
        description="Stable, machine-readable: EMPTY, BAD_QUOTES, COLUMNS, BAD_SUBJECT, BAD_SCORE, BAD_REASON, "
        "DUPLICATE_IN_FILE or UNKNOWN_ENTRY."
    )
    message: str = strawberry.field(description="What is wrong with the line, for people.")


@strawberry.federation.type(
    keys=["id"],
    description="A file of scores on its way in. Good lines are kept whatever is wrong with others. Poll it until "
    "`state` is final. For staff with ENTRY_REVIEW on the campaign.",
    tags=["admin"],
)
class ScoreImport(Job):
    accepted: int = strawberry.field(description="Lines with a new or a changed score.")
    duplicates: int = strawberry.field(
        description="Lines that changed nothing: the score was known, or an earlier line has one for the same entry."
    )
    malformed: int = strawberry.field(
        description="Lines without a usable score, or for no entry of the campaign."
    )

    @strawberry.field(
        description="The lines that were not taken, by line number; scores that were known are not among them."
    )
    async def errors(
        self,
        info: Info,
        first: Annotated[
            int | None,
            strawberry.argument(description="How many to show, the file's first ones: 1 to 1000, else 100."),
        ] = None,
    ) -> list[ScoreImportError]:
        shown = 100 if first is None else first
        if not 1 <= shown <= _MOST_ERRORS:
            raise Invalid([Issue(["first"], "OUT_OF_RANGE", f"first must be 1 to {_MOST_ERRORS}")])
        found = await info.context.scores.errors_by_import(shown).load(self.id)
        return [ScoreImportError(line=e.line, code=e.code, message=e.message) for e in found]

    @classmethod
    async def resolve_reference(cls, info: Info, id: str) -> Self | None:
        """The import, for who may review entries of its campaign; None for all others."""
        row = await info.context.scores.import_by_id.load(id)
        scope = row and Scope(row.team_id, row.campaign_id)
        if scope is None or not await info.context.access.allows(Permission.ENTRY_REVIEW, scope):
            return None
        return cls.of(row)

    @classmethod
    def of(cls, row: backend.ScoreImport) -> Self:
        """The graph's view of what the Entry Service answered."""
        return cls(
            id=ID(row.id),
            state=JobState(row.state),
            progress=row.progress,
            accepted=row.accepted,
            duplicates=row.duplicates,
            malformed=row.malformed,
            failure=row.failure,
            created_at=DateTime(row.created_at),
            finished_at=row.finished_at and DateTime(row.finished_at),
        )
