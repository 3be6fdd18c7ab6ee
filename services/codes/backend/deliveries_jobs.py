"""The job that brings codes to their owners."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from services.codes.backend import deliveries_rules as rules
from services.codes.backend import deliveries_wire as wire
from services.codes.backend.deliveries_rules import Channel, Contact
from services.codes.backend.deliveries_store import DeliveryStore, Job
from services.codes.backend.mail_sender import Mail, MailSender, Unsure
from services.kit.errors import DomainError, Unavailable
from services.kit.messages import Message, Refused, SmsSender, Throttled
from services.kit.telemetry import log
from services.kit.upstream import Problem, Upstream

_AT_ONCE = 10
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Courier:
    """What it takes to deliver. `site` is where fans use their codes, `per_second` how many messages go out."""

    store: DeliveryStore
    users: Upstream
    sms: SmsSender
    mail: MailSender
    site: str
    per_second: int

    async def deliver(self) -> int:
        """Sends what is due, a second's share of it; answers 0, so that a second passes before the next.

        A message passes the point of no return in the database before it goes out, and what became of it is noted
        afterwards: a worker that dies in between leaves a message of which nobody knows, and which is not sent again.
        """
        jobs = await self.store.lease(self.per_second)
        if not jobs:
            return 0
        try:
            contacts = await self._contacts(jobs)
        except (Problem, DomainError) as error:
            log.warning("codes wait: nobody says how fans are reached", reason=type(error).__name__)
            await asyncio.gather(*(self.store.put_back(job, _PAUSE_SECONDS) for job in jobs))
            return 0
        gate = asyncio.Semaphore(_AT_ONCE)

        async def deliver(job: Job) -> None:
            async with gate:
                await self._deliver(job, contacts.get(job.user_id))

        await asyncio.gather(*(deliver(job) for job in jobs))
        return 0

    async def _contacts(self, jobs: Sequence[Job]) -> dict[str, Contact]:
        body = {"ids": sorted({job.user_id for job in jobs})}
        answer = await self.users.call("POST", "/users/contacts", wire.Contacts, body, idempotent=True)
        return {each.id: Contact(each.email, each.phone, each.locale) for each in answer.contacts}

    async def _deliver(self, job: Job, contact: Contact | None) -> None:
        channel = rules.channel_for(contact, job.channel)
        if contact is None or channel is None:
            await self.store.failed(job, job.channel, "NO_CONTACT")
            return
        if not await self.store.begin(job, channel):
            return
        try:
            provider_id = await self._send(job, channel, contact)
        except Refused as refused:
            other = rules.other_channel(contact, channel) if job.place == 1 else None
            await self.store.failed(job, channel, refused.reason, other)
        except Throttled as throttled:
            await self.store.put_back(job, throttled.retry_after)
        except Unavailable as error:
            await self._not_taken(job, channel, error)
        except Unsure:
            await self.store.failed(job, channel, "UNKNOWN_OUTCOME")
        else:
            await self.store.sent(job, provider_id)

    async def _send(self, job: Job, channel: Channel, contact: Contact) -> str:
        text = rules.compose(channel, job.campaign, contact, job.code, self.site)
        if channel == "SMS":
            return await self.sms.send(Message(contact.phone or "", text.body, job.reference))
        return await self.mail.send(Mail(contact.email or "", text.subject, text.body, job.reference))

    async def _not_taken(self, job: Job, channel: Channel, error: Unavailable) -> None:
        if _may_have_been_taken(error):
            await self.store.failed(job, channel, "UNKNOWN_OUTCOME")
        elif job.attempts >= rules.MOST_ATTEMPTS:
            await self.store.failed(job, channel, "UNAVAILABLE")
        else:
            await self.store.put_back(job, _PAUSE_SECONDS * 2 ** min(job.attempts, 6))


def _may_have_been_taken(error: Unavailable) -> bool:
    """Whether the network had the message when it fell silent; not if there never was a connection, or it said no."""
    before_it_had = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    cause = error.__cause__
    return isinstance(cause, (httpx.TransportError, TimeoutError)) and not isinstance(cause, before_it_had)
