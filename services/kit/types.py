"""GraphQL types that all subgraphs share, identical in each: errors, jobs, windows, scalars."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any, NewType, TypeVar, cast, dataclass_transform

import strawberry
from strawberry.federation.schema_directives import Shareable
from strawberry.scalars import ID

from services.kit.locales import COUNTRIES, LOCALES
from services.kit.upstream import Problem

__all__ = ["ID", "SCALARS"]

T = TypeVar("T")

_NAME = re.compile(r"[a-z]+(_[a-z]+)+")  # no id: those have digits
_SNAKE = re.compile(r"_([a-z])")

DateTime = NewType("DateTime", datetime)
Locale = NewType("Locale", str)
CountryCode = NewType("CountryCode", str)
EmailAddress = NewType("EmailAddress", str)
PhoneNumber = NewType("PhoneNumber", str)
URL = NewType("URL", str)


def _one_of(kind: str, allowed: tuple[str, ...]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"{kind} must be one of {', '.join(allowed)}")
        return value

    return parse


def _matching(kind: str, pattern: str, example: str) -> Callable[[Any], str]:
    compiled = re.compile(pattern)

    def parse(value: Any) -> str:
        if not isinstance(value, str) or len(value) > 2048 or not compiled.fullmatch(value):
            raise ValueError(f"{kind} must look like {example}")
        return value

    return parse


def _parse_datetime(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError("DateTime must be RFC 3339 with a time zone, like 2027-03-01T17:00:00Z")
    return moment.astimezone(UTC)


def format_datetime(value: datetime | str) -> str:
    """RFC 3339 in UTC with milliseconds, ending in Z."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SCALARS: dict[object, Any] = {
    DateTime: strawberry.scalar(
        name="DateTime",
        description="A moment in RFC 3339, always in UTC: `2027-03-01T17:00:00.000Z`.",
        serialize=format_datetime,
        parse_value=_parse_datetime,
    ),
    Locale: strawberry.scalar(
        name="Locale",
        description=f"A BCP 47 language tag, one of {', '.join(LOCALES)}.",
        serialize=str,
        parse_value=_one_of("Locale", LOCALES),
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode",
        description=f"An ISO 3166-1 alpha-2 country, one of {', '.join(COUNTRIES)}.",
        serialize=str,
        parse_value=_one_of("CountryCode", COUNTRIES),
    ),
    EmailAddress: strawberry.scalar(
        name="EmailAddress",
        description="An email address.",
        serialize=str,
        parse_value=_matching(
            "EmailAddress", r"[^@\s]{1,64}@[^@\s]{1,253}\.[^@\s]{2,63}", "name@example.com"
        ),
    ),
    PhoneNumber: strawberry.scalar(
        name="PhoneNumber",
        description="A phone number in E.164: `+12025550123`.",
        serialize=str,
        parse_value=_matching("PhoneNumber", r"\+[1-9][0-9]{6,14}", "+12025550123"),
    ),
    URL: strawberry.scalar(
        name="URL",
        description="An absolute http or https URL.",
        serialize=str,
        parse_value=_matching("URL", r"https?://[^\s]+", "https://example.com/page"),
    ),
}


@strawberry.federation.interface(
    description="Something that the caller can act on. `code` is stable; `message` is for people."
)
class Error:
    code: str = strawberry.field(description="Stable, machine-readable.")
    message: str = strawberry.field(description="What happened and what to do, for people.")
    path: list[str] | None = strawberry.field(
        description="The input field that it is about, from the input's root.", default=None
    )


@dataclass_transform(kw_only_default=True)
def shared(description: str) -> Callable[[type[T]], type[T]]:
    """A type that several subgraphs define identically."""
    return strawberry.federation.type(description=description, directives=[Shareable()])  # pyright: ignore[reportReturnType]


@shared("Nothing is there under that id, or nothing that you may see.")
class NotFound(Error): ...


@shared("You may not do this.")
class Forbidden(Error): ...


@shared("One thing that is wrong with an input.")
class ValidationIssue:
    path: list[str] = strawberry.field(
        description='Where, from the input\'s root: `["markets", "0", "name"]`.'
    )
    code: str = strawberry.field(description="Stable, machine-readable.")
    message: str = strawberry.field(description="What is wrong and what to do.")


@shared("The input breaks a rule; nothing was written.")
class ValidationFailed(Error):
    issues: list[ValidationIssue] = strawberry.field(
        description="Everything that is wrong, each with its path.", default_factory=list
    )


@shared("Somebody else changed it first; load it again and repeat your change.")
class Conflict(Error):
    current_version: int = strawberry.field(description="The version that is there now.", default=0)


@shared("That state cannot follow the present one.")
class IllegalTransition(Error):
    from_state: str = strawberry.field(name="from", description="The present state.", default="")
    to_state: str = strawberry.field(name="to", description="The state that was asked for.", default="")


@shared("Too much, too fast.")
class RateLimited(Error):
    retry_after_seconds: int = strawberry.field(
        description="When to try again, in seconds from now.", default=1
    )


@shared("The idempotency key was used before with another input.")
class IdempotencyMismatch(Error): ...


@shared("A span of time: from `opensAt` until just before `closesAt`.")
class Window:
    opens_at: DateTime = strawberry.field(description="The first moment inside.")
    closes_at: DateTime = strawberry.field(description="The first moment after.")


@strawberry.enum(description="Where a background job is.")
class JobState(Enum):
    QUEUED = strawberry.enum_value("QUEUED", description="Waiting for a worker.")
    RUNNING = strawberry.enum_value("RUNNING", description="A worker is on it.")
    SUCCEEDED = strawberry.enum_value("SUCCEEDED", description="Done.")
    FAILED = strawberry.enum_value("FAILED", description="Given up; `failure` says why.")
    CANCELLED = strawberry.enum_value("CANCELLED", description="Stopped on request.")
    EXPIRED = strawberry.enum_value("EXPIRED", description="Done, and its result has been cleaned up.")


@strawberry.federation.interface(
    description="Work that goes on in the background: poll it until `state` is final."
)
class Job:
    id: ID = strawberry.field(description="Opaque id.")
    state: JobState = strawberry.field(description="Where the job is.")
    progress: float = strawberry.field(description="0 to 1.")
    created_at: DateTime = strawberry.field(description="When it was asked for.")
    finished_at: DateTime | None = strawberry.field(description="When it reached a final state.")
    failure: str | None = strawberry.field(description="Why it failed, for people.")


def fitting(number: int | None) -> int | None:
    """The number; None where GraphQL's Int, of 32 bits, does not hold it."""
    return number if number is not None and -(2**31) <= number < 2**31 else None


def typed(problem: Problem, *members: type[Any]) -> Any:
    """The result-union member that says what `problem` says. Raises `problem` when none of `members` fits.

    A member fits by its code: `NotFound` for NOT_FOUND, `CampaignNotOpen` for CAMPAIGN_NOT_OPEN. Its fields
    are taken from the problem's members of the same name.
    """
    wanted = {_code(member): member for member in members}
    member = wanted.get(problem.code)
    if member is None:
        raise problem
    names = {field.python_name for field in member.__strawberry_definition__.fields}
    extra = {
        name: value
        for name, value in problem.members.items()
        if name in names - {"code", "message", "path", "issues"}
    }
    if "issues" in names:
        extra["issues"] = [
            ValidationIssue(path=_input_path(issue["path"]), code=issue["code"], message=issue["message"])
            for issue in problem.members.get("issues", [])
        ]
    common: dict[str, Any] = {
        "code": problem.code,
        "message": problem.detail,
        "path": _input_path(problem.members.get("path")),
    }
    return cast("Any", member)(**common, **extra)


def _input_path(path: list[str] | None) -> Any:
    """A backend's path as the client wrote it: `display_name` is `displayName` in the graph."""
    return path and [
        _SNAKE.sub(lambda match: match[1].upper(), part) if _NAME.fullmatch(part) else part for part in path
    ]


def _code(member: type[Any]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", member.__name__).upper()
