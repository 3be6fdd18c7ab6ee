"""What every service clears away, so that its tables do not grow for ever.

Outbox rows go when they are taken and jobs when they are done; what is left to clear is what nobody asks for any more:
idempotency keys past their period, and jobs that failed long ago.
"""

from functools import partial

from services.kit import idempotency
from services.kit.jobs import Jobs
from services.kit.pg import Database
from services.kit.settings import BackendSettings

_EVERY_SECONDS = 3600.0
_PATIENCE_SECONDS = 60


def keep_house(jobs: Jobs, database: Database, settings: BackendSettings) -> None:
    """Registers the clearing of a service's database with its worker, every hour. Safe to run anywhere, any number of
    times at once.
    """
    patient = database.patient(_PATIENCE_SECONDS)
    jobs.every(
        _EVERY_SECONDS, "idempotency keys", partial(idempotency.expire, patient, settings.idempotency_days)
    )
    jobs.every(_EVERY_SECONDS, "failed jobs", partial(jobs.forget_failed, settings.failed_job_days))
