"""Looking for what must not be: assignments too many. Constraints prevent them; this counts all the same."""

from services.codes.backend.distributions_store import DistributionStore
from services.kit.metrics import registry
from services.kit.telemetry import log

_EVERY_WAVE_AGAIN = 60
_duplicates = registry.gauge(
    "monoql_duplicate_codes", "Assignments too many: a code twice in a wave, a winner with two codes."
)


class DuplicateWatch:
    """Counts in the waves that were under way lately at each look, in all of them at the first and every 60th."""

    def __init__(self, distributions: DistributionStore) -> None:
        self._distributions = distributions
        self._looks = 0
        self._by_wave: dict[str, int] = {}

    async def look(self) -> int:
        """Counts, and says so."""
        every_wave = self._looks % _EVERY_WAVE_AGAIN == 0
        found = await self._distributions.duplicates(every_wave=every_wave)
        self._looks += 1
        self._by_wave = found if every_wave else self._by_wave | found
        for wave_id, duplicates in found.items():
            if duplicates:
                log.error("duplicate codes", wave_id=wave_id, count=duplicates)
        _duplicates.set((), sum(self._by_wave.values()))
        return 0
