"""What a text message's template may look like: named placeholders, no other braces, and a way to the code. Pure."""

import re

from services.kit.errors import Issue

PLACEHOLDERS = ("code", "link", "event", "campaign")
_PIECE = re.compile(r"\{([^{}]*)\}|[{}]")


def sms_issues(template: str, at: list[str]) -> list[Issue]:
    """Everything that is wrong with a template."""
    issues: list[Issue] = []
    used: set[str] = set()
    for piece in _PIECE.finditer(template):
        if piece[0] in ("{", "}"):
            message = f"The brace at character {piece.start() + 1} has no partner. Braces are for placeholders alone."
            return [Issue(at, "UNBALANCED", message)]
        if piece[1] is not None:
            used.add(piece[1])
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    issues += [
        Issue(at, "UNKNOWN_PLACEHOLDER", f"There is no {{{name}}}. Known are {known}.")
        for name in sorted(used.difference(PLACEHOLDERS))
    ]
    if not used & {"code", "link"}:
        issues.append(
            Issue(at, "CODE_MISSING", "Put {code} or {link} into it: winners could not buy without.")
        )
    return issues
