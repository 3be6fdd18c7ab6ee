"""SQL of who holds which code: typed twins of `holders.sql`."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from services.codes.backend import holders_wire as wire
from services.codes.backend.rules import key_of
from services.codes.backend.store import Store
from services.codes.backend.wire import Code
from services.kit.paging import Page, cut
from services.kit.pg import Database, Queries, Row
from services.kit.sealing import LookupKey

q = Queries(Path(__file__).with_name("holders.sql"))

_COLUMNS = [name for name in wire.ExportedCode.__struct_fields__ if name != "masked"]


class HolderStore:
    """Codes by their values and by the users who hold them."""

    def __init__(self, database: Database, lookup: LookupKey, store: Store) -> None:
        self._database = database
        self._lookup = lookup
        self._store = store

    async def by_value(self, values: Sequence[str], actor: str | None) -> list[Code | None]:
        """The codes that somebody typed, in any spelling; None where nobody knows one."""
        lookups = [self._lookup.digest("code", key_of(value)) for value in values]
        rows = await self._database.fetch(q.codes_by_lookup, lookups=sorted(set(lookups)))
        found = {row["lookup"]: self._store.present(row, actor) for row in rows}
        return [found.get(lookup) for lookup in lookups]

    async def campaigns(self, user_ids: Sequence[str]) -> list[wire.HeldIn]:
        """The campaigns of which these users have or had codes."""
        rows = await self._database.fetch(q.campaigns_of_users, user_ids=list(user_ids))
        return [wire.HeldIn(**row) for row in rows]

    async def pages(self, wanted: Sequence[wire.PageOfUser], actor: str | None) -> list[Page[Code]]:
        """Pages of users' codes, in the order of `wanted`."""
        rows = await self._database.fetch(
            q.pages_of_users,
            user_ids=[page.user_id for page in wanted],
            campaigns=[None if page.campaigns is None else ",".join(page.campaigns) for page in wanted],
            afters=[page.after for page in wanted],
            limits=[page.limit for page in wanted],
        )
        found: defaultdict[int, list[Code]] = defaultdict(list)
        for row in rows:
            found[row["place"]].append(self._store.present(row, actor))
        return [cut(found[place], page.limit) for place, page in enumerate(wanted, start=1)]

    async def export(self, wanted: wire.ExportQuestion) -> wire.ExportPage:
        """A page of all codes of a campaign, masked."""
        pool_id, _, position = (wanted.after or "/0").partition("/")
        rows = await self._database.fetch(
            q.export_page,
            campaign_id=wanted.campaign_id,
            pool_id=pool_id,
            position=int(position),
            limit=wanted.limit,
        )
        codes = await asyncio.to_thread(lambda: [self._exported(row) for row in rows])
        full = len(rows) == wanted.limit
        return wire.ExportPage(codes, f"{rows[-1]['pool_id']}/{rows[-1]['position']}" if full else None)

    def _exported(self, row: Row) -> wire.ExportedCode:
        return wire.ExportedCode(masked=self._store.masked(row), **{name: row[name] for name in _COLUMNS})
