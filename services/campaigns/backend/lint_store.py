"""A campaign looked at as a whole: typed twins of `lint.sql`, and what codes says of its pools."""

from pathlib import Path

import msgspec

from services.campaigns.backend import lint_rules, lint_wire, wire
from services.kit.errors import DomainError, NotFound
from services.kit.pg import Database, Queries
from services.kit.telemetry import log
from services.kit.upstream import Problem, Upstream

q = Queries(Path(__file__).with_name("lint.sql"))
_decode = msgspec.json.Decoder(wire.Campaign).decode


class Lint:
    """Finds what looks wrong. `codes` is the Code Service, None where its URL is not set."""

    def __init__(self, database: Database, codes: Upstream | None) -> None:
        self._database = database
        self._codes = codes

    async def findings(self, campaign_id: str) -> list[lint_wire.Finding]:
        """Everything found, errors first. That codes does not answer is a finding, too. Raises NotFound."""
        row = await self._database.fetchrow(q.campaign_and_moment, id=campaign_id)
        if row is None:
            raise NotFound("There is no campaign under this id.")
        campaign = _decode(row["document"])
        codes = await self._usable_codes([event.id for event in campaign.events])
        return lint_rules.findings_of(lint_rules.Subject(campaign, row["moment"], codes))

    async def _usable_codes(self, event_ids: list[str]) -> dict[str, int] | None:
        """The usable codes of the events that have a pool, by one request; None when codes does not say."""
        if not event_ids:
            return {}
        if self._codes is None:
            return None
        try:
            answer = await self._codes.call(
                "POST", "/pools/batch", lint_wire.Pools, {"event_ids": event_ids}, idempotent=True
            )
        except (Problem, DomainError, msgspec.MsgspecError) as error:
            log.warning("code pools not looked at", reason=getattr(error, "code", type(error).__name__))
            return None
        return {pool.event_id: pool.counts.usable for pool in answer.pools}
