"""What the Campaign Service keeps about a person, and how it lets her go: typed twins of `personal_data.sql`.

Campaigns belong to teams, so little here is anybody's.
"""

from pathlib import Path

from services.kit.pg import Connection, Queries
from services.kit.privacy import NOBODY, Erasure, PersonalData, Section

q = Queries(Path(__file__).with_name("personal_data.sql"))


class CampaignsPersonalData(PersonalData):
    """What staff did under an idempotency key, and what they sent in."""

    service = "campaigns"
    sections = (Section("request", q.her_answers), Section("upload", q.her_uploads))

    async def remove(self, connection: Connection, erasure: Erasure) -> dict[str, int]:
        """Erases what her requests were answered, and that her uploads are hers; answers how many of each kind."""
        who = {"user_id": erasure.user_id}
        answers = await self._database.fetch(q.erase_answers, connection, **who)
        uploads = await self._database.fetch(q.erase_uploads, connection, nobody=NOBODY, **who)
        return {"request": len(answers), "upload": len(uploads)}
