"""What the Campaign Service keeps about a person, and how it lets her go: typed twins of `personal_data.sql`.

Campaigns belong to teams, so little here is anybody's.
"""

from pathlib import Path

from services.kit.pg import Connection, Queries
from services.kit.privacy import Erasure, PersonalData, Section

q = Queries(Path(__file__).with_name("personal_data.sql"))


class CampaignsPersonalData(PersonalData):
    """What staff did under an idempotency key."""

    service = "campaigns"
    sections = (Section("request", q.her_answers),)

    async def remove(self, connection: Connection, erasure: Erasure) -> dict[str, int]:
        """Erases what her requests were answered; answers how many records of each kind."""
        answers = await self._database.fetch(q.erase_answers, connection, user_id=erasure.user_id)
        return {"request": len(answers)}
