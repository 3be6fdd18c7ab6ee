"""SQL of redemptions: typed twins of `redemptions.sql`. Reports of many requests are judged and counted together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.codes.backend import redemptions_rules as rules
from services.codes.backend import redemptions_wire as wire
from services.codes.backend.redemptions_rules import Outcome, Verdict
from services.codes.backend.rules import key_of
from services.codes.backend.webhooks_store import Happened, WebhookStore
from services.codes.backend.wire import Scope
from services.kit.audit import audit_event
from services.kit.batching import MicroBatcher
from services.kit.ids import is_id, user_id
from services.kit.outbox import Outbox
from services.kit.pg import Connection, Database, Queries, Row
from services.kit.sealing import LookupKey

q = Queries(Path(__file__).with_name("redemptions.sql"))
_encode = msgspec.json.Encoder().encode


class _Key(NamedTuple):
    """What a report is known by."""

    campaign_id: str
    platform: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Given:
    """A report as it came: by which platform, and by which code manager if not by the platform itself."""

    platform: str
    report: wire.Report
    actor: str | None = None


@dataclass(slots=True)
class _Kept:
    """A report on its way through one transaction. `code` is the code's row, None where nobody knows it."""

    given: Given
    key: _Key
    code: Row | None
    digest: bytes
    account: str | None
    claimed: bool = False
    verdict: Verdict | None = None


@dataclass(slots=True)
class _Batch:
    """What one transaction writes for others."""

    letters: list[str] = field(default_factory=list[str])


class RedemptionStore:
    """Reports and what they count for, in the codes database."""

    def __init__(self, database: Database, lookup: LookupKey, outbox: Outbox, webhooks: WebhookStore) -> None:
        self._database = database
        self._lookup = lookup
        self._outbox = outbox
        self._webhooks = webhooks
        self._taken: MicroBatcher[Sequence[Given], list[wire.Reported]] = MicroBatcher(
            self._take_together, max_items=50
        )

    async def take(self, given: Sequence[Given]) -> list[wire.Reported]:
        """Keeps reports and counts those that are good, together with those of other requests at this moment.

        One answer each, in order, which is also the order in which they are judged. Raises RateLimited when too many
        wait.
        """
        return await self._taken.submit(given)

    async def scopes(self, codes: Sequence[str]) -> list[Scope | None]:
        """Whose each of these typed codes is; None where nobody knows it."""
        lookups = [self._lookup.digest("code", key_of(code)) for code in codes]
        rows = {row["lookup"]: row for row in await self._database.fetch(q.find_codes, lookups=lookups)}
        found = [rows.get(lookup) for lookup in lookups]
        return [
            None if row is None else Scope(row["id"], row["team_id"], row["campaign_id"]) for row in found
        ]

    async def redemptions(self, code_ids: Sequence[str]) -> list[wire.Redemption]:
        """What these codes were used for, by code, oldest first."""
        rows = await self._database.fetch(q.redemptions, code_ids=list(code_ids))
        return [wire.Redemption(**row) for row in rows]

    async def settle_early(self, limit: int = 500) -> int:
        """Judges reports that came before their codes were assigned and now are; answers how many."""
        batch = _Batch()
        async with self._database.transaction() as connection:
            rows = await self._database.fetch(q.early_reports, connection, limit=limit)
            reports = [
                (
                    _Key(row["campaign_id"], row["platform"], row["external_id"]),
                    row["code_id"],
                    rules.Report(row["quantity"], row["redeemed_at"], row["account"]),
                )
                for row in rows
            ]
            settled = await self._settle(connection, reports, batch)
        await self._outbox.deliver(batch.letters)
        return len(settled)

    async def _take_together(self, lists: list[Sequence[Given]]) -> list[list[wire.Reported] | Exception]:
        reported = iter(await self._take([each for given in lists for each in given]))
        return [[next(reported) for _ in given] for given in lists]

    async def _take(self, given: Sequence[Given]) -> list[wire.Reported]:
        batch = _Batch()
        async with self._database.transaction() as connection:
            kept = await self._identify(connection, given)
            earlier = await self._claim(connection, kept)
            fresh = [
                (each.key, each.code["id"], _facts(each, earlier))
                for each in kept
                if each.claimed and each.code is not None
            ]
            verdicts = await self._settle(connection, fresh, batch)
            await self._audit(connection, [each for each in kept if each.claimed], batch)
        await self._outbox.deliver(batch.letters)
        return [_reported(each, earlier[each.key], verdicts) for each in kept]

    async def _identify(self, connection: Connection, given: Sequence[Given]) -> list[_Kept]:
        lookups = [self._lookup.digest("code", key_of(each.report.code)) for each in given]
        rows = await self._database.fetch(q.find_codes, connection, lookups=lookups)
        codes = {row["lookup"]: row for row in rows}
        kept: list[_Kept] = []
        for each, lookup in zip(given, lookups, strict=True):
            code = codes.get(lookup)
            key = _Key(code["campaign_id"] if code else "", each.platform, each.report.external_id)
            kept.append(_Kept(each, key, code, self._digest(each.report), _account(each.report.account)))
        return kept

    async def _claim(self, connection: Connection, kept: Sequence[_Kept]) -> dict[_Key, Row]:
        """Keeps what is new, of each id the first; answers all rows of these ids, and notes who contradicts one."""
        first = {each.key: each for each in reversed(kept)}
        claimed = await self._database.fetch(
            q.claim_reports,
            connection,
            **_keys(first),
            code_ids=[each.code and each.code["id"] for each in first.values()],
            digests=[each.digest for each in first.values()],
            quantities=[each.given.report.quantity for each in first.values()],
            accounts=[each.account for each in first.values()],
            redeemed_at=[each.given.report.redeemed_at for each in first.values()],
        )
        for row in claimed:
            first[_Key(*row)].claimed = True
        rows = await self._database.fetch(q.reports, connection, **_keys(first))
        earlier = {_Key(row["campaign_id"], row["platform"], row["external_id"]): row for row in rows}
        if conflicts := [each for each in kept if each.digest != earlier[each.key]["digest"]]:
            await self._database.execute(
                q.note_conflicts,
                connection,
                **_keys(each.key for each in conflicts),
                digests=[each.digest for each in conflicts],
            )
        return earlier

    async def _settle(
        self, connection: Connection, reports: Sequence[tuple[_Key, str, rules.Report]], batch: _Batch
    ) -> dict[_Key, Verdict]:
        """Judges reports on codes, and counts those that are good. What is not assigned yet stays EARLY."""
        if not reports:
            return {}
        by_code: dict[str, list[tuple[_Key, rules.Report]]] = defaultdict(list)
        for key, code_id, report in reports:
            by_code[code_id].append((key, report))
        rows = await self._database.fetch(q.lock_assignments, connection, code_ids=list(by_code))
        verdicts: dict[_Key, Verdict] = {}
        for row in rows:
            held = rules.Held(**{name: row[name] for name in rules.Held.__slots__})
            judged = rules.judge(held, [report for _, report in by_code[row["code_id"]]])
            verdicts |= zip((key for key, _ in by_code[row["code_id"]]), judged, strict=True)
        if unheld := by_code.keys() - {row["code_id"] for row in rows}:
            for row in await self._database.fetch(q.withdrawn, connection, code_ids=sorted(unheld)):
                verdicts |= {key: Verdict(Outcome.VOIDED) for key, _ in by_code[row["code_id"]]}
        if verdicts:
            counted = await self._database.fetch(
                q.settle,
                connection,
                **_keys(verdicts),
                outcomes=[verdict.outcome for verdict in verdicts.values()],
                late=[verdict.late for verdict in verdicts.values()],
            )
            batch.letters += await self._outbox.publish(
                connection,
                "redemption",
                [
                    wire.RedemptionSnapshot(row["selection_id"], row["redeemed"], row["version"])
                    for row in counted
                ],
            )
            await self._webhooks.announce(connection, _happened(counted, by_code, verdicts))
        return verdicts

    async def _audit(self, connection: Connection, kept: Iterable[_Kept], batch: _Batch) -> None:
        events = [
            audit_event(
                team_id=each.code["team_id"],
                campaign_id=each.code["campaign_id"],
                actor=each.given.actor,
                action="reportRedemption",
                target=each.code["id"],
                after={"platform": each.key.platform, "external_id": each.key.external_id},
            )
            for each in kept
            if each.given.actor and each.code
        ]
        if events:
            batch.letters += await self._outbox.publish(connection, "audit", events)

    def _digest(self, report: wire.Report) -> bytes:
        """Equal for reports that say the same, however the code is spelled; it tells nothing of the code."""
        said = [key_of(report.code), report.quantity, report.redeemed_at, report.account]
        return self._lookup.digest("redemption", _encode(said).decode())


def _happened(
    counted: Sequence[Row],
    by_code: dict[str, list[tuple[_Key, rules.Report]]],
    verdicts: dict[_Key, Verdict],
) -> list[Happened]:
    """What partners are told: each purchase that counts."""
    return [
        Happened(
            "code.redeemed",
            row["team_id"],
            row["campaign_id"],
            {
                "codeId": row["code_id"],
                "selectionId": row["selection_id"],
                "eventId": row["event_id"],
                "platform": key.platform,
                "externalId": key.external_id,
                "quantity": report.quantity,
                "redeemedAt": report.redeemed_at,
                "late": verdicts[key].late,
            },
        )
        for row in counted
        for key, report in by_code[row["code_id"]]
        if verdicts[key].outcome is Outcome.ACCEPTED
    ]


def _keys(keys: Iterable[_Key]) -> dict[str, list[str]]:
    columns = list(zip(*keys, strict=True)) or [(), (), ()]
    return dict(zip(("campaign_ids", "platforms", "external_ids"), map(list, columns), strict=True))


def _facts(each: _Kept, earlier: dict[_Key, Row]) -> rules.Report:
    sold: datetime = earlier[each.key]["redeemed_at"]
    return rules.Report(each.given.report.quantity, sold, each.account)


def _account(given: str | None) -> str | None:
    """The user that a platform names: by her id, or by issuer and subject, of which the id is made.

    Anything else is nobody of ours: a bound code is refused to it, and what it says (an address, a name) is not kept.
    """
    issuer, bar, subject = (given or "").rpartition("|")
    if bar:
        return user_id(issuer, subject)
    return given if given and is_id("usr", given) else None


def _reported(each: _Kept, row: Row, verdicts: dict[_Key, Verdict]) -> wire.Reported:
    if each.digest != row["digest"]:
        outcome = Outcome.CONFLICT
    else:
        verdict = verdicts.get(each.key)
        outcome = verdict.outcome if verdict else Outcome(row["outcome"])
    return wire.Reported(
        code_id=None if each.code is None else each.code["id"],
        outcome=outcome,
        replayed=not each.claimed and outcome is not Outcome.CONFLICT,
        message=rules.MESSAGES[outcome],
    )
