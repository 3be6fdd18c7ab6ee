"""A row about one person in every table that knows people, each value unlike any other."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from services.kit.ids import new_id
from tests.federation.privacy.conftest import uid
from tests.support.service import ServiceUnderTest

SHE, COLLEAGUE = uid("ada"), uid("bob")
Rows = dict[str, list[dict[str, Any]]]


@dataclass
class Garden:
    """Plants rows as the database's owner. `planted` has them as JSON, `plain` what sealed ones of them say."""

    service: ServiceUnderTest
    connection: psycopg.Connection[Any]
    planted: Rows = field(default_factory=lambda: defaultdict(list))
    plain: dict[str, str] = field(default_factory=dict[str, str])
    _last: int = 100

    def row(self, table: str, *, hers: bool = True, **columns: Any) -> None:
        """Inserts a row. One that is not `hers` is scenery."""
        statement = sql.SQL(
            "INSERT INTO {} AS t ({}) OVERRIDING SYSTEM VALUE VALUES ({}) RETURNING to_jsonb(t)"
        ).format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        )
        found = self.connection.execute(statement, list(columns.values())).fetchone()
        if hers and found:
            self.planted[table].append(found[0])

    def seal(self, place: str, value: str, context: str) -> bytes:
        """A value as it is kept in `table.column`."""
        self.plain[place] = value
        return self.service.resources.sealer.seal(value, context)

    def letter(self, topic: str, **message: Any) -> None:
        """A message that waits in the outbox."""
        body = self.service.resources.outbox.seal(message)
        self.row(
            "outbox", id=new_id("out"), topic=topic, target="users", body=body, next_attempt_at=self.later()
        )

    def next(self) -> int:
        self._last += 1
        return self._last

    def hash(self) -> bytes:
        return f"{self.next():032}".encode()

    def at(self) -> datetime:
        """A moment in the past, a second later each time."""
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=self.next())

    def later(self) -> datetime:
        return datetime(2090, 1, 1, tzinfo=UTC) + timedelta(seconds=self.next())

    def everywhere(self) -> None:
        """What every service keeps: an answer, and an earlier erasure of the same account."""
        g = self
        g.row(
            "idempotency",
            actor=SHE,
            operation="setTune",
            key="tune-1",
            digest=g.hash(),
            answer=Jsonb({"tune": 1}),
            created_at=g.at(),
        )
        g.row(
            "erasure",
            request_id=new_id("prv"),
            user_id=SHE,
            until=datetime(2001, 1, 1, tzinfo=UTC),
            version=1,
            record_count=0,
            digest=b"",
            erased_at=g.at(),
        )


# fmt: off
def users(g: Garden) -> None:
    proved = g.at()
    for id_, hers in ((COLLEAGUE, False), (SHE, True)):
        her = {
            "member_id": "M-77", "email_sealed": g.seal("app_user.email_sealed", "ada@tune.example", "user.email"),
            "email_lookup": g.hash(), "name_sealed": g.seal("app_user.name_sealed", "Ada Tune", "user.name"),
            "phone_sealed": g.seal("app_user.phone_sealed", "+12025550177", "user.phone"), "phone_lookup": g.hash(),
            "phone_verified_at": proved, "phone_since": g.at(), "locale": "fr-CA", "country": "CA", "do_not_sell": True,
            "gpc_at": g.at(), "privacy_source": "GPC",
        } if hers else {}
        g.row(
            "app_user", hers=hers, id=id_, issuer=f"https://{id_}.example", subject=id_[:8], privacy_updated_at=g.at(),
            created_at=g.at(), signed_in_at=g.at(), **her,
        )
    g.row(
        "phone_verification", user_id=SHE, id="phv_1", code_digest=g.hash(), attempts_left=2, expires_at=g.later(),
        phone_sealed=g.seal("phone_verification.phone_sealed", "+12025550178", "verification.phone"),
        confirmed_at=g.at(), message_sealed=b"sealed", next_send_at=g.later(),
    )
    for scope, key in (("user", SHE), ("resend", SHE), ("number", g.hash().hex()), ("ip", g.hash().hex())):
        g.row("phone_counter", scope=scope, key=key, taken=1, resets_at=g.later())
    for team in ("tea_1", "tea_2"):
        g.row("team", hers=False, id=team, name=f"Team {team}")
    g.row(
        "role_binding", hers=False, id="rol_0", user_id=COLLEAGUE, role="OWNER", team_id="tea_1", granted_by=SHE,
        created_at=g.at(),
    )
    g.row(
        "role_binding", id="rol_1", user_id=SHE, role="ANALYST", team_id="tea_2", campaign_id="cam_9", granted_by=SHE,
        expires_at=g.later(), created_at=g.at(), joined_at=g.at(),
    )
    g.row(
        "audit_event", team_id="tea_1", sequence=1, id=new_id("aud"), campaign_id="cam_9", actor=SHE,
        action="removeTeamMember", target=SHE, at=g.at(), previous_hash=b"", hash=b"",
    )
    g.row("entrant", user_id=SHE, campaign_id="cam_9")
    g.row(
        "linked_account", user_id=SHE, provider="CITI", subject_lookup=g.hash(), grant_lookup=g.hash(),
        refresh_sealed=b"sealed", linked_at=g.at(), expires_at=g.later(), next_check_at=g.later(),
    )
    g.row(
        "verified_card", id="crd_1", user_id=SHE, fingerprint_lookup=g.hash(), brand="AMEX", last4="0077",
        verified_at=g.at(), expires_at=g.later(),
    )
    g.row(
        "identity_verification", user_id=SHE, tier="ASU", subject_lookup=g.hash(), assertion_lookup=g.hash(),
        verified_at=g.at(), expires_at=g.later(),
    )
    g.row("spent_assertion", assertion_lookup=g.hash(), expires_at=g.later())
    g.row("proof_attempt", user_id=SHE, kind="CARD", taken=3, resets_at=g.later())
    g.row("consent", sequence=77, user_id=SHE, campaign_id="cam_9", purpose="SHARING", granted=True, at=g.at())
    g.row(
        "privacy_request", id=new_id("prv"), user_id=SHE, kind="ACCESS", state="SUCCEEDED", locale="fr-CA",
        has_files=True, file="privacy/x/1.zip.sealed", file_key_sealed=b"sealed", byte_size=7701, sha256=g.hash(),
        expires_at=g.later(), created_at=g.at(), due_at=g.later(), finished_at=g.at(),
    )
    g.letter("user", id=SHE, version=3)


def campaigns(g: Garden) -> None:
    g.row(
        "upload", id=new_id("upl"), purpose="HERO_IMAGE", state="PENDING", team_id="tea_1", owner_id=SHE,
        filename="ada-tune.png", declared_type="image/png", declared_size=1, received="x", created_at=g.at(),
        link_expires_at=g.later(), expires_at=g.later(),
    )
    g.letter("audit", actor=SHE)


def entries(g: Garden) -> None:
    g.row(
        "campaign", hers=False, id="cam_9", version=1, team_id="tea_1", state="OPEN", opens_at=g.at(),
        closes_at=g.later(), phone_required=False, identity_key="EMAIL", document=Jsonb({"titles": {}, "markets": []}),
    )
    g.row(
        "user_fact", user_id=SHE, version=3, phone_verified=True, phone_verified_at=g.at(), country="CA",
        member_id="M-77", do_not_sell=True, opted_out_at=g.at(), known_since=g.at(), phone_key=g.hash(),
        accounts=["CITI"], accounts_until=[g.later()],
        cards=["AMEX"], cards_until=[g.later()], tiers=["ASU"], tiers_until=[g.later()],
    )
    g.row(
        "entry", id="ent_1", campaign_id="cam_9", user_id=SHE, identity=g.hash(), state="INVALIDATED",
        preferences=["mkt_7"], ticket_quantity=3, country="CA", is_member=True, score=0.77, idempotency_key="entry-key",
        request_digest=g.hash(), entered_at=g.at(), submitted_at=g.at(), lapsed=True, signed_in_at=g.at(),
        network=g.hash(), device=g.hash(), disposable_email=True, review_id="rev_1", appealed=True,
    )
    g.row("entry_score", entry_id="ent_1", source="EXTERNAL", value=0.77, reasons=["VELOCITY"], computed_at=g.at(),
          import_id="imp_77")
    g.row(
        "score_import", id="imp_77", campaign_id="cam_9", upload_id="upl_1", file="uploads/1", byte_size=1,
        requested_by=SHE,
    )
    g.row(
        "review", id="rev_1", campaign_id="cam_9", entry_id="ent_1", decision="HOLD", decided_at=g.at(),
        note_sealed=g.seal("review.note_sealed", "Hums in tune", "review.note"), appealed_at=g.at(),
        appeal_sealed=g.seal("review.appeal_sealed", "It is Ada", "review.appeal"),
    )
    g.row(
        "review", id="rev_2", campaign_id="cam_9", entry_id="ent_2", decision="ACCEPT", decided_at=g.at(), reviewer=SHE,
    )
    g.row("signal", entry_id="ent_1", network=g.hash(), device=g.hash(), hour=g.at())
    g.row(
        "wave", hers=False, id="wav_1", campaign_id="cam_9", name="First", state="FINALIZED", strategy="FIRST_COME",
        reassignment="ALLOW_MULTIPLE", seed_sealed=b"s", seed_commitment=b"c", seed=b"s", roster_root=b"r",
        outcome_hash=b"o", job_id="job_1", job_step="DRAW", job_state="SUCCEEDED",
    )
    g.row(
        "wave_entry", wave_id="wav_1", entry_id="ent_1", user_id=SHE, preferences=["mkt_7"], barred=["mkt_8"],
        quantity=3, score=77.5, submitted=7700077, salt=g.hash(), position=1,
    )
    g.row("wave_capacity", hers=False, wave_id="wav_1", event_id="evt_7", market_id="mkt_7", capacity=9, ticket_limit=3)
    g.row(
        "selection", id="sel_1", wave_id="wav_1", campaign_id="cam_9", entry_id="ent_1", user_id=SHE, event_id="evt_7",
        market_id="mkt_7", preference_rank=4, ticket_quantity=3, created_at=g.at(),
    )
    g.row("redemption", selection_id="sel_1", quantity=2, version=1, outcome="REDEEMED")
    g.row(
        "export_job", id=new_id("exp"), campaign_id="cam_9", kind="ENTRIES", format="CSV", purpose="INTERNAL",
        requested_by=SHE, state="SUCCEEDED", file="exports/x/1", key_sealed=b"", row_count=1, byte_size=1,
        sha256=b"", as_of=g.at(), finished_at=g.at(), expires_at=g.later(),
    )
    g.letter("sighting", user_id=SHE, issued_at=1)
    g.letter("audit", actor=SHE)


def codes(g: Garden) -> None:
    g.row("campaign", hers=False, id="cam_9", team_id="tea_1", version=1)
    g.row(
        "code_pool", hers=False, id="pool_1", event_id="evt_7", campaign_id="cam_9", imported=1, taken=1, redeemed=1
    )
    g.row(
        "code_import", id="imp_1", pool_id="pool_1", state="SUCCEEDED", created_by=SHE, finished_at=g.at(), lines=1
    )
    sealed = g.seal("code.sealed", "TUNE-CODE-77", "code.value")
    g.row("code", id="cod_1", pool_id="pool_1", position=1, import_id="imp_1", sealed=sealed, lookup=g.hash())
    g.row(
        "distribution", id="dst_1", wave_id="wav_1", campaign_id="cam_9", state="SUCCEEDED", created_by=SHE,
        finished_at=g.at(), released_at=g.at(),
    )
    g.row(
        "assignment", code_id="cod_1", selection_id="sel_1", wave_id="wav_1", distribution_id="dst_1", entry_id="ent_1",
        pool_id="pool_1", user_id=SHE, assigned_at=g.at(), revealed_at=g.at(), redeemed_at=g.at(), ticket_limit=5,
        redeemed=2, redemptions=1,
    )
    fates: list[tuple[str, dict[str, Any]]] = [
        ("cod_2", {"voided_at": g.at(), "voided_by": SHE, "void_reason": b"sealed", "superseded_by": "cod_3"}),
        ("cod_3", {"expired_at": g.at()}),
    ]
    for code, fate in fates:
        g.row("code", hers=False, id=code, pool_id="pool_1", position=int(code[-1]), sealed=sealed, lookup=g.hash())
        g.row(
            "assignment", code_id=code, selection_id="sel_2", wave_id="wav_1", distribution_id="dst_1",
            entry_id="ent_1", pool_id="pool_1", user_id=SHE, assigned_at=g.at(), **fate,
        )
    g.row(
        "withdrawn_code", code_id="cod_4", pool_id="pool_1", position=4, reason=b"sealed", withdrawn_by=SHE
    )
    g.row(
        "delivery", code_id="cod_1", number=1, distribution_id="dst_1", channel="SMS", state="FAILED",
        failure="UNREACHABLE", provider_id="SM-77", created_at=g.at(), sending_at=g.at(), finished_at=g.at(),
    )
    g.row(
        "redemption_report", campaign_id="cam_9", platform="axs", external_id="order-77", code_id="cod_1",
        digest=g.hash(), quantity=2, account=SHE, redeemed_at=g.at(), late=True, outcome="ACCEPTED",
    )
    g.row(
        "redemption_conflict", campaign_id="cam_9", platform="axs", external_id="order-77", digest=g.hash()
    )
    g.row(
        "webhook", hers=False, id="whk_1", team_id="tea_1", place=1, url_sealed=b"s", secret_sealed=b"s",
        events=["code.assigned"],
    )
    g.row("webhook_delivery", event_id="evn_1", webhook_id="whk_1", event="code.assigned", body=b'{"codeId":"cod_1"}')
    g.letter("audit", actor=SHE)


# fmt: on
PLANT: dict[str, Callable[[Garden], None]] = {
    "users": users,
    "campaigns": campaigns,
    "entries": entries,
    "codes": codes,
}
