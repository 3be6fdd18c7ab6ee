"""May she? Permission questions, all of one request asked together, answered by the User Service, never
cached beyond it.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from strawberry.dataloader import DataLoader

from services.kit.permissions import Permission
from services.kit.upstream import Upstream, one_for_each
from services.kit.wire import ONE_FOR_EACH

__all__ = [
    "Access",
    "AccessAnswers",
    "AccessCheck",
    "AccessChecks",
    "Permission",
    "Reach",
    "ReachQuestion",
    "Scope",
]


_LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """What a permission is asked on: a team, or a campaign of a team."""

    team_id: str | None
    campaign_id: str | None = None


class AccessCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question: may this user do this, on this team or campaign?"""

    user_id: str
    permission: str
    team_id: str | None = None
    campaign_id: str | None = None


class AccessChecks(msgspec.Struct):
    checks: list[AccessCheck]


class AccessAnswers(msgspec.Struct):
    """`allowed[i]` answers `checks[i]`."""

    allowed: Annotated[list[bool], ONE_FOR_EACH]


class ReachQuestion(msgspec.Struct, frozen=True):
    """Where may this user do this?"""

    user_id: str
    permission: str


class Reach(msgspec.Struct, frozen=True):
    """Where a permission holds: in whole teams, and on single campaigns of others."""

    team_ids: list[str] = []
    campaign_ids: list[str] = []

    def __bool__(self) -> bool:
        return bool(self.team_ids or self.campaign_ids)


class Access:
    """One request's permission questions on behalf of one user."""

    def __init__(self, users: Upstream, user_id: str | None) -> None:
        self._users = users
        self._user_id = user_id
        self._loader: DataLoader[AccessCheck, bool] = DataLoader(self._ask)

    async def allows(self, permission: Permission, scope: Scope) -> bool:
        """Whether the caller has the permission there. Anonymous callers have none, nobody has one on what is no id."""
        if self._user_id is None or not all(map(_can_be_id, (scope.team_id, scope.campaign_id))):
            return False
        return await self._loader.load(
            AccessCheck(self._user_id, permission, scope.team_id, scope.campaign_id)
        )

    async def reach(self, permission: Permission) -> Reach:
        """Where the caller has the permission: anonymous callers nowhere."""
        if self._user_id is None:
            return Reach()
        question = ReachQuestion(self._user_id, permission)
        return await self._users.call("POST", "/access/reach", Reach, question, idempotent=True)

    async def _ask(self, checks: list[AccessCheck]) -> list[bool]:
        answers = await self._users.call(
            "POST", "/access/check", AccessAnswers, AccessChecks(checks), idempotent=True
        )
        return one_for_each(checks, answers.allowed)


def _can_be_id(text: str | None) -> bool:
    return text is None or (len(text) <= _LONGEST_ID and text.isprintable())
