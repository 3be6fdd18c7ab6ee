"""Personal data, asked back and asked away: the two routes that every backend answers, and the plumbing under them.

A service says in its `PersonalData` where it keeps a person and how it lets her go; all else is the same
everywhere: paging, the receipt, and the tombstone that keeps late arrivals from bringing her back.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from services.kit.errors import Invalid, Issue
from services.kit.ids import encode
from services.kit.pg import Connection, Database, Queries, Query, Row
from services.kit.rest import Api, Call

q = Queries(Path(__file__).with_name("privacy.sql"))

NOBODY = f"usr_{encode(0)}"
"""Who stands in for every erased person. No account's derived id is this one."""


class Collect(msgspec.Struct, frozen=True):
    """One page of what is kept about a user; `after` is `next` of the page before."""

    user_id: str
    after: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 200


class Record(msgspec.Struct, frozen=True):
    """One thing that is kept about a user, in clear."""

    kind: str
    id: str
    data: dict[str, Any]


class Collected(msgspec.Struct):
    """A page, perhaps an empty one; null `next` says that it was the last."""

    records: list[Record]
    next: str | None


class Erasure(msgspec.Struct, frozen=True):
    """Forget what came of this user's sign-ins until `until`; a sign-in after it is a new person's.

    `version` is one that no snapshot of her before the erasure has.
    """

    request_id: str
    user_id: str
    until: datetime
    version: int = 0


class Receipt(msgspec.Struct, frozen=True):
    """What became of an erasure in one service. The same request is answered with the same receipt.

    `digest` is the SHA-256, in hex, of the canonical JSON of `request_id`, the service's name and how many
    records of each kind were erased: it names nothing that was.
    """

    request_id: str
    record_count: int
    digest: str
    at: datetime


@dataclass(frozen=True)
class Section:
    """Records of one kind: a query that takes `user_id`, `after` and `limit`, and answers rows in the order of their
    `id`. `present` makes a record's data of a row; the row as it is by default.
    """

    kind: str
    query: Query
    present: Callable[[Row], Mapping[str, Any]] = dict


class PersonalData(ABC):
    """What a service keeps about people. A service's own subclass gives `sections` and `remove`."""

    service: str
    sections: Sequence[Section]

    def __init__(self, database: Database) -> None:
        self._database = database

    async def collect(self, wanted: Collect) -> Collected:
        """A page of records of one kind. Raises Invalid for a cursor of nobody's making."""
        kinds = [section.kind for section in self.sections]
        kind, _, after = (wanted.after or f"{kinds[0]}:").partition(":")
        if kind not in kinds:
            raise Invalid([Issue(["after"], "BAD_CURSOR", "after must be `next` of an earlier page.")])
        place = kinds.index(kind)
        section = self.sections[place]
        rows = await self._database.fetch(
            section.query, user_id=wanted.user_id, after=after, limit=wanted.limit
        )
        records = [Record(kind, str(row["id"]), {**section.present(row)}) for row in rows]
        if len(rows) == wanted.limit:
            return Collected(records, f"{kind}:{records[-1].id}")
        return Collected(records, f"{kinds[place + 1]}:" if place + 1 < len(kinds) else None)

    async def erase(self, erasure: Erasure) -> Receipt:
        """Lets a person go, once: the tombstone first, then what is under way is waited for, then all at once.

        Killed anywhere and called again, it goes on; called after its end, it answers its receipt again.
        """
        await self._database.execute(q.announce, **msgspec.structs.asdict(erasure))
        await self.settle()
        async with self._database.transaction() as connection:
            [row] = await self._database.fetch(q.lock_erasure, connection, request_id=erasure.request_id)
            if row["erased_at"] is None:
                counts = await self.remove(connection, erasure)
                [row] = await self._database.fetch(
                    q.conclude,
                    connection,
                    request_id=erasure.request_id,
                    record_count=sum(counts.values()),
                    digest=digest(erasure.request_id, self.service, counts),
                )
        await self.clear_away(erasure)
        return Receipt(erasure.request_id, row["record_count"], row["digest"].hex(), row["erased_at"])

    async def settle(self) -> None:  # noqa: B027 - few services have anything to wait for
        """Returns when nobody is writing any more who began before the tombstone stood."""

    @abstractmethod
    async def remove(self, connection: Connection, erasure: Erasure) -> dict[str, int]:
        """Erases in the open transaction; answers how many records of each kind."""

    async def clear_away(self, erasure: Erasure) -> None:  # noqa: B027 - few services have files
        """Removes what no transaction covers, such as files. Safe to repeat."""


def digest(request_id: str, service: str, counts: Mapping[str, int]) -> bytes:
    """The digest of a receipt, 32 bytes."""
    body = {"counts": dict(counts), "request_id": request_id, "service": service}
    return hashlib.sha256(msgspec.json.encode(body, order="sorted")).digest()


def privacy_api(title: str) -> Api:
    """The routes of `service.personal_data`, for the backend of this title to include."""
    api = Api(title, "1.0.0")

    @api.post("/personal-data/collect", Collect, Collected)
    async def collect_personal_data(call: Call[Collect]) -> Collected:
        """Reads what is kept about a user, a page at a time."""
        return await call.service.personal_data.collect(call.body)

    @api.post("/personal-data/erase", Erasure, Receipt)
    async def erase_personal_data(call: Call[Erasure]) -> Receipt:
        """Erases a user and answers a receipt. Safe to repeat: the same request, the same receipt."""
        return await call.service.personal_data.erase(call.body)

    return api
