"""Campaigns in SQL: typed twins of `queries.sql`."""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from services.campaigns.backend import rules, wire
from services.campaigns.backend.catalogue_rules import ALIKE, fold
from services.campaigns.backend.changes_store import Change, Changes, change_of
from services.campaigns.backend.promoters_store import PromoterStore
from services.campaigns.backend.rules import Part
from services.campaigns.backend.uploads_store import UploadStore
from services.campaigns.backend.wire import State
from services.kit.errors import IllegalTransition, Invalid, Issue
from services.kit.ids import new_id
from services.kit.paging import Page, cut
from services.kit.pg import Connection, Database, Queries

q = Queries(Path(__file__).with_name("queries.sql"))
_PLACE = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,6})?)\|(.+)")


class Store:
    """The campaigns of the database."""

    def __init__(
        self, database: Database, changes: Changes, promoters: PromoterStore, uploads: UploadStore
    ) -> None:
        self._database = database
        self._changes = changes
        self._promoters = promoters
        self._uploads = uploads

    async def campaigns(self, keys: wire.CampaignKeys) -> list[wire.Campaign]:
        """The campaigns of these keys as far as they exist, each once, by one statement."""
        return await self._changes.documents(keys)

    async def page(self, query: wire.CampaignQuery) -> Page[wire.Listed]:
        """A page of the campaigns that a caller may see. Raises Invalid for an `after` or `before` that is no place."""
        after_rank, after_id = _place("after", query.after)
        before_rank, before_id = _place("before", query.before)
        rows = await self._database.fetch(
            q.campaign_page,
            public_states=sorted(rules.PUBLIC_STATES),
            reader_teams=query.reader_teams,
            reader_campaigns=query.reader_campaigns,
            states=query.states,
            country=query.country,
            artist_id=query.artist_id,
            team_id=query.team_id,
            promoter_id=query.promoter_id,
            search=fold(query.search) if query.search and query.search.strip() else None,
            alike=ALIKE,
            open_at=query.open_at,
            order_by=query.order_by,
            after_rank=after_rank,
            after_id=after_id,
            before_rank=before_rank,
            before_id=before_id,
            backward=query.backward,
            limit=query.limit + 1,
        )
        page = cut(rows, query.limit, backward=query.backward)
        listed = [wire.Listed(row["place"], self._changes.read(row["document"])) for row in page.items]
        return Page(listed, page.has_next)

    async def create(self, actor: str, new: wire.NewCampaign) -> wire.Changed:
        """Creates a draft. Raises Invalid, IdempotencyMismatch."""

        async def write(connection: Connection) -> str:
            id_ = new_id("cmp")
            await self._insert(connection, id_, new)
            return id_

        return await self._changes.create(actor, "createCampaign", new.idempotency_key, new, write)

    async def update(self, actor: str, campaign_id: str, update: wire.CampaignUpdate) -> wire.Changed:
        """Changes what the update gives. Raises NotFound, Conflict, Invalid."""
        change = change_of(
            rules.parts_of(update),
            campaign_id,
            actor,
            "updateCampaign",
            expected_version=update.expected_version,
        )

        async def write(connection: Connection) -> str:
            await self._set_setup(connection, campaign_id, update)
            return campaign_id

        return await self._changes.make(change, write)

    async def transition(self, actor: str, campaign_id: str, transition: wire.Transition) -> wire.Changed:
        """Moves a campaign on. Raises NotFound, Conflict, IllegalTransition, LintBlocked."""
        to = transition.to
        change = Change(
            campaign_id=campaign_id,
            actor=actor,
            action="transitionCampaign",
            states=rules.sources(to),
            refusal=lambda state: IllegalTransition(state, to),
            expected_version=transition.expected_version,
            opening=to in (State.SCHEDULED, State.OPEN),
        )

        async def write(connection: Connection) -> str:
            announced = to in rules.PUBLIC_STATES
            await self._database.execute(
                q.set_state, connection, id=campaign_id, state=to, announced=announced
            )
            return campaign_id

        return await self._changes.make(change, write)

    async def set_content(self, actor: str, campaign_id: str, content: wire.ContentWrite) -> wire.Changed:
        """Replaces the texts of one locale. Raises NotFound, Conflict, Invalid."""
        change = change_of(
            [Part.TEXTS], campaign_id, actor, "setCampaignContent", expected_version=content.expected_version
        )

        async def write(connection: Connection) -> str:
            await self._set_contents(connection, campaign_id, [content])
            return campaign_id

        return await self._changes.make(change, write)

    async def set_gate(self, actor: str, campaign_id: str, gate: wire.GateWrite) -> wire.Changed:
        """Replaces the gate. Raises NotFound, Conflict, Invalid."""
        change = change_of(
            [Part.SETUP], campaign_id, actor, "setGate", expected_version=gate.expected_version
        )

        async def write(connection: Connection) -> str:
            await self._database.execute(q.set_gate, connection, id=campaign_id, gate=gate.gate)
            return campaign_id

        return await self._changes.make(change, write)

    async def _insert(self, connection: Connection, id_: str, new: wire.NewCampaign) -> None:
        scores = new.score_range or wire.ScoreRange()
        default_locale = new.default_locale
        if default_locale is None and new.promoter_id is not None:
            default_locale = await self._promoters.default_locale(connection, new.promoter_id, new.team_id)
        await self._database.execute(
            q.create_campaign,
            connection,
            id=id_,
            slug=new.slug,
            team_id=new.team_id,
            default_locale=default_locale,
            countries=new.countries,
            opens_at=new.registration.opens_at,
            closes_at=new.registration.closes_at,
            phone_required=new.phone_required,
            identity_key=new.identity_key,
            gate=new.gate,
            score_min=scores.min,
            score_max=scores.max,
        )
        await self._set_contents(connection, id_, new.contents)
        await self._database.execute(q.add_artists, connection, id=id_, artist_ids=new.artist_ids)
        await self._promoters.assign(connection, id_, new.promoter_id)
        await self._uploads.use_as_hero(connection, id_, new.hero_upload_id)

    async def _set_setup(self, connection: Connection, id_: str, update: wire.CampaignUpdate) -> None:
        window = _given(update.registration)
        scores = _given(update.score_range)
        await self._database.execute(
            q.set_setup,
            connection,
            id=id_,
            slug=_given(update.slug),
            default_locale=_given(update.default_locale),
            countries=_given(update.countries),
            opens_at=window and window.opens_at,
            closes_at=window and window.closes_at,
            phone_required=_given(update.phone_required),
            identity_key=_given(update.identity_key),
            scores_given=update.score_range is not msgspec.UNSET,
            score_min=scores and scores.min,
            score_max=scores and scores.max,
        )
        if update.artist_ids is not msgspec.UNSET:
            await self._database.execute(q.clear_artists, connection, id=id_)
            await self._database.execute(q.add_artists, connection, id=id_, artist_ids=update.artist_ids)
        if update.promoter_id is not msgspec.UNSET:
            await self._promoters.assign(connection, id_, update.promoter_id)
        if update.hero_upload_id is not msgspec.UNSET:
            await self._uploads.use_as_hero(connection, id_, update.hero_upload_id)

    async def _set_contents(self, connection: Connection, id_: str, contents: Sequence[wire.Content]) -> None:
        await self._database.execute(
            q.set_contents,
            connection,
            id=id_,
            locales=[c.locale for c in contents],
            titles=[c.title for c in contents],
            summaries=[c.summary for c in contents],
            bodies=[c.body for c in contents],
            terms=[c.terms for c in contents],
            sms_templates=[c.sms_template for c in contents],
            searches=[fold(c.title) for c in contents],
        )


def _given(value: Any) -> Any:
    return None if value is msgspec.UNSET else value


def _place(name: str, cursor: str | None) -> tuple[Decimal | None, str | None]:
    if cursor is None:
        return None, None
    place = _PLACE.fullmatch(cursor)
    if place is None:
        raise Invalid([Issue([name], "BAD_CURSOR", f"{name} must be a cursor from an earlier page")])
    return Decimal(place[1]), place[2]
