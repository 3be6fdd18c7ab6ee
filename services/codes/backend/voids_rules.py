"""Which codes may be voided or replaced. Pure: no I/O, no clock."""

from services.kit.errors import IllegalTransition

LONGEST_REASON = 500

_CANNOT_VOID = {
    "REDEEMED": "The code was used for a purchase, so there is nothing left to void.",
    "EXPIRED": "The presale is over, so the code opens nothing any more.",
    "RESERVED": "The code is being handed out to a wave. Void it when the distribution is done.",
}
_CANNOT_REPLACE = {
    "REDEEMED": "The code was used for a purchase, so its owner needs no other.",
    "EXPIRED": "The presale is over, so another code would open nothing either.",
    "RESERVED": "The code is being handed out to a wave. Nobody has it yet.",
    "AVAILABLE": "Nobody has this code, so there is nobody to give another one to.",
    "SUPERSEDED": "The code was replaced before. Reissue the one that replaced it.",
    "UNHELD": "Nobody had this code when it was voided, so there is nobody to give another one to.",
}


class NotInThisState(IllegalTransition):
    """A code of this state cannot be voided, or replaced; the message says why."""

    def __init__(self, from_state: str, to_state: str, message: str) -> None:
        super().__init__(from_state, to_state)
        self.message = message


def check_voidable(state: str) -> None:
    """Lets codes pass that are ASSIGNED. Raises NotInThisState."""
    if state in _CANNOT_VOID:
        raise NotInThisState(state, "VOIDED", _CANNOT_VOID[state])


def check_replaceable(state: str, *, superseded: bool = False, held: bool = True) -> None:
    """Lets codes pass that somebody has or had, that were not used and not replaced yet. Raises NotInThisState."""
    reason = "SUPERSEDED" if superseded else "UNHELD" if state == "VOIDED" and not held else state
    if reason in _CANNOT_REPLACE:
        raise NotInThisState(state, "VOIDED", _CANNOT_REPLACE[reason])
