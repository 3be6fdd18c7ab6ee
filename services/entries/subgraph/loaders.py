"""Batched reads, one call for all keys of a request; and registrations, batched across requests."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from strawberry.dataloader import DataLoader

from services.entries.subgraph.backend import (
    EntriesBackend,
    Entry,
    Identity,
    Outcome,
    PageRequest,
    Reason,
    Submission,
)
from services.entries.subgraph.exports_loaders import Exports
from services.entries.subgraph.metrics_loaders import MetricsOfCampaigns
from services.entries.subgraph.pace_rules import Pace
from services.entries.subgraph.reviews_loaders import Reviews
from services.entries.subgraph.scores_loaders import Scores
from services.entries.subgraph.waves_loaders import Waves
from services.kit.access import Access, Scope
from services.kit.auth import Principal
from services.kit.batching import MicroBatcher
from services.kit.errors import RateLimited
from services.kit.graphql import Caller, Context
from services.kit.loaders import by_key, from_mapping
from services.kit.paging import Page
from services.kit.upstream import Upstream

_MAX_BATCH = 200
_MAX_WAITING = 1000
"""About a second's worth at full capacity: more would only wait for a refusal."""


class Question(NamedTuple):
    """What a page asks about the caller and a campaign."""

    kind: Literal["entry", "eligibility"]
    campaign_id: str


@dataclass(frozen=True, slots=True)
class InCampaign:
    """The caller in a campaign, as far as it was asked: her entry, and her unmet requirements."""

    entry: Entry | None = None
    reasons: list[Reason] | None = None


@dataclass(kw_only=True)
class EntriesContext(Context):
    """What a resolver of this subgraph knows of its request. Loaders are made when first used: most need few.

    Keys with control characters are not asked for: the database refuses them.
    """

    backend: EntriesBackend
    submissions: MicroBatcher[Submission, Outcome]
    pace: Pace

    def hold_back(self) -> None:
        """Counts a registration, or a change of one, of the caller. Raises RateLimited when she sends too many."""
        if self.principal and (wait := self.pace.take(self.principal.user_id, time.monotonic())):
            raise RateLimited(wait, f"You are sending too many registrations. Try again in {wait} seconds.")

    @cached_property
    def entry_by_id(self) -> DataLoader[str, Entry | None]:
        return by_key(self.backend.entries, lambda entry: entry.id, accepts=str.isprintable)

    @cached_property
    def eligibility_by_entry(self) -> DataLoader[str, list[Reason] | None]:
        return from_mapping(self.backend.eligibility_of_entries, accepts=str.isprintable)

    async def viewer_entry(self, campaign_id: str) -> Entry | None:
        """The caller's entry in a campaign; all that a request wants to know of her is one call."""
        return (await self._viewer_by_question.load(Question("entry", campaign_id))).entry

    async def viewer_eligibility(self, campaign_id: str) -> list[Reason] | None:
        """Why the caller cannot enter a campaign; None when nobody is signed in, or there is no such campaign."""
        return (await self._viewer_by_question.load(Question("eligibility", campaign_id))).reasons

    @cached_property
    def _viewer_by_question(self) -> DataLoader[Question, InCampaign]:
        async def find(questions: list[Question]) -> list[InCampaign]:
            principal = self.principal
            if principal is None:
                return [InCampaign() for _ in questions]
            asked = [question for question in questions if question.campaign_id.isprintable()]
            answers = await self.backend.viewer(
                identity_of(principal),
                entries_in=[q.campaign_id for q in asked if q.kind == "entry"],
                eligibility_for=[q.campaign_id for q in asked if q.kind == "eligibility"],
            )
            entries = {entry.campaign_id: entry for entry in answers.entries}
            return [
                InCampaign(entries.get(q.campaign_id), answers.reasons.get(q.campaign_id)) for q in questions
            ]

        return DataLoader(find)

    @cached_property
    def scope_by_campaign(self) -> DataLoader[str, Scope | None]:
        async def find(campaign_ids: list[str]) -> Mapping[str, Scope]:
            teams = await self.backend.teams_of_campaigns(campaign_ids)
            return {campaign_id: Scope(team_id, campaign_id) for campaign_id, team_id in teams.items()}

        return from_mapping(find, accepts=str.isprintable)

    @cached_property
    def entries_by_campaign(self) -> DataLoader[PageRequest, Page[Entry]]:
        return DataLoader(self.backend.pages_of_campaigns)

    @cached_property
    def entries_by_user(self) -> DataLoader[PageRequest, Page[Entry]]:
        return DataLoader(self.backend.pages_of_users)

    @cached_property
    def waves(self) -> Waves:
        return Waves(self.backend.upstream, self.backend.actor)

    @cached_property
    def scores(self) -> Scores:
        return Scores(self.backend.upstream, self.backend.actor)

    @cached_property
    def reviews(self) -> Reviews:
        return Reviews(self.backend.upstream, self.backend.actor)

    @cached_property
    def exports(self) -> Exports:
        return Exports(self.backend.upstream, self.backend.actor)

    @cached_property
    def metrics(self) -> MetricsOfCampaigns:
        return MetricsOfCampaigns(self.backend.upstream)


def context_maker(pace: Pace) -> Callable[[Caller, Upstream, Access], EntriesContext]:
    """Makes contexts of requests that share one micro-batcher of submissions, and count by one pace."""
    batchers: dict[int, MicroBatcher[Submission, Outcome]] = {}

    def make_context(caller: Caller, upstream: Upstream, access: Access) -> EntriesContext:
        batcher = batchers.get(id(upstream))
        if batcher is None:
            batcher = batchers[id(upstream)] = _submissions(upstream)
        backend = EntriesBackend(upstream, caller.principal.user_id if caller.principal else None)
        return EntriesContext(**vars(caller), access=access, backend=backend, submissions=batcher, pace=pace)

    return make_context


def identity_of(principal: Principal) -> Identity:
    """The account behind a verified token; claims of the wrong kind count as absent."""
    claims = principal.claims

    def text(name: str) -> str | None:
        value = claims.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= 320 and value.isprintable() else None

    return Identity(
        user_id=principal.user_id,
        issuer=principal.issuer,
        subject=principal.subject,
        email=text("email") if claims.get("email_verified") is True else None,
        name=text("name"),
        member_id=text("member_id"),
        locale=text("locale"),
        country=text("country"),
        issued_at=principal.issued_at,
    )


def _submissions(upstream: Upstream) -> MicroBatcher[Submission, Outcome]:
    backend = EntriesBackend(upstream, None)

    async def flush(batch: list[Submission]) -> list[Outcome | Exception]:
        return [*await backend.submit(batch)]

    return MicroBatcher(flush, max_items=_MAX_BATCH, max_waiting=_MAX_WAITING)
