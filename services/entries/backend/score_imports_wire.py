"""Scores from outside on the wire: files of them, and batches."""

from typing import Annotated

import msgspec
from msgspec import Meta

from services.kit.wire import JobState, Moment, Whole


class NewScoreImport(msgspec.Struct, frozen=True):
    """Which upload holds scores for which campaign."""

    campaign_id: str
    upload_id: str
    idempotency_key: str | None = None


class ScoreImport(msgspec.Struct, frozen=True):
    """A file of scores on its way in. `progress` is 0 to 1; lines that change nothing count as duplicates."""

    id: str
    campaign_id: str
    team_id: str
    state: JobState
    progress: float
    accepted: Whole
    duplicates: Whole
    malformed: Whole
    failure: str | None
    created_at: Moment
    finished_at: Moment | None


class ScoreImportAnswer(msgspec.Struct, frozen=True):
    """An import after a call; `replayed` when an earlier call had started it."""

    score_import: ScoreImport
    replayed: bool


class ScoreImports(msgspec.Struct):
    """Found imports; unknown ids are left out."""

    imports: list[ScoreImport]


class ErrorsWanted(msgspec.Struct, frozen=True):
    """The first errors of which imports."""

    ids: list[str]
    first: Annotated[int, Meta(ge=1, le=1000)] = 100


class LineError(msgspec.Struct, frozen=True):
    """A line that was not taken; numbers count from 1, the header included."""

    import_id: str
    line: Whole
    code: str
    message: str


class LineErrors(msgspec.Struct):
    errors: list[LineError]


class GivenScore(msgspec.Struct, frozen=True):
    """A score, 0 to 1, for an entry, or for all entries of an account in the campaign: one of the three ids is set.

    `reasons` are up to 20 codes of the scorer's own.
    """

    value: float
    reasons: list[str] = msgspec.field(default_factory=list[str])
    entry_id: str | None = None
    user_id: str | None = None
    global_user_id: str | None = None


class GivenScores(msgspec.Struct, frozen=True):
    """Scores for a campaign, a thousand at most."""

    campaign_id: str
    scores: Annotated[list[GivenScore], Meta(max_length=1000)]


class RefusedScore(msgspec.Struct, frozen=True):
    """A score that was not taken; `place` counts from 0."""

    place: Whole
    code: str
    message: str


class ScoresTaken(msgspec.Struct, frozen=True):
    """What became of a batch: how many scores are new or changed, how many were known, and which were not taken."""

    accepted: Whole
    unchanged: Whole
    refused: list[RefusedScore]
