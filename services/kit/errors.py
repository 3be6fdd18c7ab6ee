"""What can go wrong, as the domain says it. Only boundaries know statuses: see `kit/rest.py` and `kit/graphql.py`."""

from typing import Any, ClassVar

import msgspec

from services.kit.wire import Whole


class Issue(msgspec.Struct, frozen=True):
    """One thing that is wrong with an input: where (`path`), what kind (`code`), and what to do (`message`)."""

    path: list[str]
    code: str
    message: str


class DomainError(Exception):
    """An outcome that the caller can act on. `code` is stable; `details` are extra members of the answer, each of the
    type that `members` promises.
    """

    code = "REFUSED"
    members: ClassVar[dict[str, Any]] = {}

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class NotFound(DomainError):
    """Nothing is there under that id, or nothing that this caller may see."""

    code = "NOT_FOUND"


class Forbidden(DomainError):
    """The caller may not do this."""

    code = "FORBIDDEN"


class Unauthenticated(DomainError):
    """The caller does not prove who it is."""

    code = "UNAUTHENTICATED"


class Invalid(DomainError):
    """The input breaks a rule; `issues` says which, each with its path."""

    code = "VALIDATION_FAILED"
    members: ClassVar[dict[str, Any]] = {"issues": list[Issue]}

    def __init__(self, issues: list[Issue], message: str = "The input has errors; see issues.") -> None:
        super().__init__(message, issues=issues)
        self.issues = issues


class Conflict(DomainError):
    """Somebody else changed it first; `current_version` is what is there now."""

    code = "CONFLICT"
    members: ClassVar[dict[str, Any]] = {"current_version": Whole}

    def __init__(self, current_version: int) -> None:
        super().__init__(
            f"It was changed meanwhile and is now at version {current_version}. Load it again and repeat.",
            current_version=current_version,
        )


class IllegalTransition(DomainError):
    """That state cannot follow this one."""

    code = "ILLEGAL_TRANSITION"
    members: ClassVar[dict[str, Any]] = {"from_state": str, "to_state": str}

    def __init__(self, from_state: str, to_state: str) -> None:
        super().__init__(f"{to_state} cannot follow {from_state}.", from_state=from_state, to_state=to_state)


class RateLimited(DomainError):
    """Too much, too fast; try again after `retry_after_seconds`."""

    code = "RATE_LIMITED"
    members: ClassVar[dict[str, Any]] = {"retry_after_seconds": Whole}

    def __init__(self, retry_after_seconds: int, message: str | None = None) -> None:
        super().__init__(
            message or f"Too many requests. Try again in {retry_after_seconds} seconds.",
            retry_after_seconds=retry_after_seconds,
        )


class IdempotencyMismatch(DomainError):
    """The idempotency key was used before with another input."""

    code = "IDEMPOTENCY_MISMATCH"

    def __init__(self) -> None:
        super().__init__(
            "This idempotencyKey was used before with a different input. Use a new key for a new request."
        )


class Unavailable(DomainError):
    """Something this needs does not answer right now; trying again later may work."""

    code = "UNAVAILABLE"


class AccountErased(DomainError):
    """The token is from before the account's erasure, or the erasure is still under way."""

    code = "ACCOUNT_ERASED"

    def __init__(self) -> None:
        super().__init__("This account has been erased. Sign in again if you want to start anew.")
