"""What people may decide about an entry, and what a fan may say to it. Pure."""

from services.kit.errors import DomainError, Invalid, Issue

LEADS_TO = {"ACCEPT": "ACCEPTED", "REJECT": "INVALIDATED", "HOLD": "UNDER_REVIEW"}
"""The state that each decision leads to; an accepted entry may have to wait for a phone."""
_FROM = {
    "ACCEPT": {"UNDER_REVIEW"},
    "REJECT": {"PENDING_PHONE", "ACCEPTED", "UNDER_REVIEW"},
    "HOLD": {"PENDING_PHONE", "ACCEPTED"},
}
MOST_NOTE = 2000


class NothingToAppeal(DomainError):
    """No decision stands against the entry."""

    code = "NOTHING_TO_APPEAL"

    def __init__(self) -> None:
        super().__init__(
            "Your entry is neither held back nor turned down by a decision that you could appeal."
        )


class AlreadyAppealed(DomainError):
    """The decision has been appealed before."""

    code = "ALREADY_APPEALED"

    def __init__(self) -> None:
        super().__init__("You have appealed this decision already. Wait until somebody has looked at it.")


def allows(decision: str, state: str, *, rejected: bool) -> bool:
    """Whether a decision can follow an entry's state; one that a reviewer rejected can be taken up again."""
    return state in _FROM[decision] or (rejected and decision in ("ACCEPT", "HOLD"))


def clean_note(note: str | None, *, required: bool = False) -> str | None:
    """A note without blanks around it; None for none. Raises Invalid."""
    text = (note or "").strip()
    if not text and not required:
        return None
    if 0 < len(text) <= MOST_NOTE and all(c.isprintable() or c in "\n\t" for c in text):
        return text
    raise Invalid([Issue(["note"], "MALFORMED", f"note must be 1 to {MOST_NOTE} characters of text.")])


def check_threshold(below: float | None) -> None:
    """Raises Invalid for what is no score."""
    if below is not None and not 0 <= below <= 1:
        raise Invalid([Issue(["below_score"], "OUT_OF_RANGE", "belowScore must be 0 to 1, or null.")])
