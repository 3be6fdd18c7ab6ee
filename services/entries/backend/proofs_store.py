"""Draws repeated, published and proved to each fan: typed twins of `proofs.sql`."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import obstore
from obstore.store import ObjectStore

from services.entries.backend import draws_rules, proofs_rules
from services.entries.backend import waves_wire as w
from services.entries.backend.rosters_store import read_roster
from services.entries.backend.waves_rules import Pick, Seat
from services.kit import jobs
from services.kit.errors import NotFound, Unavailable
from services.kit.files import FileTokens
from services.kit.pg import Connection, Database, Queries, Row

q = Queries(Path(__file__).with_name("proofs.sql"))
_PATIENCE_SECONDS = 120
_FRESH_SECONDS = 600
_LINK_SECONDS = 3600


class ProofStore:
    """Proofs. Draws of up to `live` fans are repeated while the caller waits, larger ones by the worker."""

    def __init__(
        self, database: Database, files: ObjectStore, tokens: FileTokens, public_url: str, *, live: int
    ) -> None:
        self._database = database
        self._patient = database.patient(_PATIENCE_SECONDS)
        self._files = files
        self._tokens = tokens
        self._files_url = f"{public_url.rstrip('/')}/files/entries/"
        self._live = live

    async def verify(self, wave_id: str) -> w.Verification:
        """Draws the wave once more from its frozen roster and published seed, and compares.

        For a large one the answer is what the worker found last, and is found anew when that is some minutes old.
        Raises NotFound, and Unavailable while the worker is at its first verification.
        """
        async with self._patient.transaction("repeatable_read") as connection:
            wave = await self._wave(connection, wave_id)
            if wave["eligible"] <= self._live:
                return (await self._repeat(connection, wave))[0]
        kept = await self._database.fetchrow(q.verification, wave_id=wave_id, fresh_seconds=_FRESH_SECONDS)
        if kept is None or kept["stale"]:
            async with self._database.transaction() as connection:
                await jobs.defer(
                    connection, "entries:publish", queue="entries", lock=wave_id, wave_id=wave_id
                )
        if kept is None:
            raise Unavailable("The draw is being verified. Ask again in a minute.")
        found = msgspec.convert(kept["result"], w.Verification)
        return msgspec.structs.replace(found, verified_at=kept["verified_at"])

    async def publish(self, wave_id: str) -> None:
        """Repeats a draw, and keeps what that found and the file with which anybody can. The job's task."""
        async with self._patient.transaction("repeatable_read") as connection:
            wave = await self._wave(connection, wave_id)
            found, lines, seats, picks = await self._repeat(connection, wave)
        await self._database.execute(q.keep_verification, wave_id=wave_id, result=found)
        if wave["outcome_hash"] is None:
            return
        head = proofs_rules.header(_published(wave), seats, roster_size=len(lines), winners=len(picks))
        packed = await asyncio.to_thread(lambda: b"".join(proofs_rules.file(head, lines, picks)))
        file = f"draws/{wave_id}.draw.gz"
        await obstore.put_async(self._files, file, packed)
        await self._database.execute(q.keep_file, wave_id=wave_id, file=file)

    async def file(self, wave_id: str) -> Row:
        """The published `file` of a wave, and whose it is. Raises NotFound."""
        row = await self._database.fetchrow(q.file_of_wave, id=wave_id)
        if row is None:
            raise NotFound("There is no file of this draw yet.")
        return row

    def link(self, wave_id: str) -> str:
        """Where the published file of a wave can be fetched, for an hour."""
        return self._files_url + self._tokens.issue(wave_id, _LINK_SECONDS)

    async def draws_of_campaigns(self, campaign_ids: Sequence[str]) -> list[w.PublicDraw]:
        """What these campaigns published about their draws, oldest first."""
        rows = await self._database.fetch(q.draws_of_campaigns, ids=list(campaign_ids))
        return [
            w.PublicDraw(
                wave_id=row["wave_id"],
                campaign_id=row["campaign_id"],
                state=row["state"],
                strategy=row["strategy"],
                committed_at=row["committed_at"],
                finalized_at=row["finalized_at"],
                eligible=row["eligible"],
                selected=row["selected"],
                draw=draw_of(row),
            )
            for row in rows
        ]

    async def receipts_of_entries(self, entry_ids: Sequence[str]) -> list[w.Receipt]:
        """What proves to these entries that they were on the rosters of waves: two statements for any number."""
        places = await self._database.fetch(q.roster_places, ids=list(entry_ids))
        steps = [
            (number, step)
            for number, row in enumerate(places)
            for step in draws_rules.path(row["position"], row["size"])
        ]
        rows = await self._database.fetch(
            q.nodes,
            wave_ids=[places[number]["wave_id"] for number, _ in steps],
            levels=[step.level for _, step in steps],
            places=[step.place for _, step in steps],
        )
        paths: defaultdict[int, list[w.PathNode]] = defaultdict(list)
        for row in rows:
            number, step = steps[row["number"] - 1]
            paths[number].append(w.PathNode(hash=row["hash"].hex(), left=step.left))
        return [
            w.Receipt(
                entry_id=row["entry_id"],
                wave_id=row["wave_id"],
                line=row["line"],
                path=paths[number],
                roster_root=row["roster_root"].hex(),
            )
            for number, row in enumerate(places)
        ]

    async def _wave(self, connection: Connection, wave_id: str) -> Row:
        wave = await self._database.fetchrow(q.committed_wave, connection, id=wave_id)
        if wave is None:
            raise NotFound("There is no such wave, or its roster has not been frozen.")
        return wave

    async def _repeat(
        self, connection: Connection, wave: Row
    ) -> tuple[w.Verification, list[bytes], Sequence[Seat], list[Pick]]:
        lines: list[bytes] = []
        seats = await read_roster(self._patient, connection, wave["id"], lines.extend)
        picks = [Pick(*row) for row in await self._patient.fetch(q.picks, connection, wave_id=wave["id"])]
        found = await asyncio.to_thread(_verify, wave, lines, seats, picks)
        return found, lines, seats, picks


def draw_of(row: Row) -> w.Draw:
    """What a wave with a published roster has published, from its row."""
    source = row["beacon_source"]
    return w.Draw(
        algorithm=draws_rules.ALGORITHM,
        roster_root=row["roster_root"].hex(),
        seed_commitment=row["seed_commitment"].hex(),
        seed=row["seed"] and row["seed"].hex(),
        beacon=source and w.Beacon(source, row["beacon_round"], row["beacon_value"]),
        outcome_hash=row["outcome_hash"] and row["outcome_hash"].hex(),
    )


def _verify(wave: Row, lines: list[bytes], seats: Sequence[Seat], picks: list[Pick]) -> w.Verification:
    draw = draw_of(wave)
    proof = draws_rules.Proof(
        roster_root=draw.roster_root,
        seed_commitment=draw.seed_commitment,
        seed=draw.seed,
        outcome_hash=draw.outcome_hash,
        beacon_value=wave["beacon_value"],
    )
    roster = [draws_rules.ballot(line) for line in lines]
    found = draws_rules.verify(proof, roster, seats, wave["strategy"], picks)
    return w.Verification(
        valid=found.valid,
        roster_root_matches=found.roster_root_matches,
        seed_matches=found.seed_matches,
        outcome_matches=found.outcome_matches,
        roster_size=len(roster),
        selected=len(picks),
    )


def _published(wave: Row) -> dict[str, Any]:
    draw = draw_of(wave)
    return {
        "wave": wave["id"],
        "campaign": wave["campaign_id"],
        "strategy": wave["strategy"],
        "committedAt": wave["committed_at"].isoformat(),
        "rosterRoot": draw.roster_root,
        "seedCommitment": draw.seed_commitment,
        "seed": draw.seed,
        "beacon": draw.beacon and msgspec.structs.asdict(draw.beacon),
        "outcomeHash": draw.outcome_hash,
    }
