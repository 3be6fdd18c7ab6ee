"""One measured run: its numbers, and which bars it missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.devtools.load.audit import Audit
from scripts.devtools.load.generator import Sent
from scripts.devtools.load.tally import Latency
from scripts.devtools.load.usage import Usage

LEAST_ACKNOWLEDGED = 0.995
MOST_P95_SECONDS = 0.5


@dataclass(frozen=True)
class Measurement:
    """Rates are per second, latencies seconds, memory bytes. `cpu_ms` is milliseconds per offered request, by process;
    `cores_elsewhere` is how many cores the rest of the machine kept busy meanwhile.
    """

    rate: float
    seconds: float
    offered: int
    acknowledged: int
    achieved_rate: float
    kinds: Mapping[str, int]
    latency: Latency
    lateness_p99: float
    connections: int
    queued: int
    interrupted: bool
    cpu_ms: Mapping[str, float]
    cores_elsewhere: float
    memory: Mapping[str, int]
    restarted: list[str] = field(default_factory=list[str])
    most_p95: float = MOST_P95_SECONDS

    @property
    def acknowledged_share(self) -> float:
        """0 to 1, of what was offered."""
        return self.acknowledged / self.offered if self.offered else 0.0

    @property
    def good(self) -> bool:
        """Whether the bars of answers and latency are met; the database has a say of its own."""
        return self.acknowledged_share >= LEAST_ACKNOWLEDGED and self.latency.p95 < self.most_p95

    def misses(self) -> list[str]:
        """A sentence for each bar that is missed."""
        sentences: list[str] = []
        if self.acknowledged_share < LEAST_ACKNOWLEDGED:
            sentences.append(
                f"{self.acknowledged_share:.2%} acknowledged, the bar is {LEAST_ACKNOWLEDGED:.1%}."
            )
        if not self.latency.p95 < self.most_p95:
            sentences.append(
                f"p95 is {self.latency.p95 * 1000:.0f} ms, the bar is below {self.most_p95 * 1000:.0f} ms."
            )
        return sentences


def misses_of(audit: Audit) -> list[str]:
    """A sentence for each thing that is wrong in the database."""
    sentences: list[str] = []
    if audit.lost:
        sentences.append(f"{audit.lost} acknowledged entries are not in the database.")
    if audit.duplicates:
        sentences.append(f"{audit.duplicates} duplicates are in the database or were told to two fans.")
    return sentences


def measured(
    rate: float, sent: Sent, before: Mapping[str, Usage], after: Mapping[str, Usage], machine_cpu: float
) -> Measurement:
    """Put a run and two looks at the processes together; `machine_cpu` is the whole machine's seconds in between."""
    common = before.keys() & after.keys()
    cpu = {name: usage.cpu_since(before[name]) for name, usage in after.items() if name in common}
    per_request = 1000 / max(1, sent.offered)
    return Measurement(
        rate=rate,
        seconds=sent.seconds,
        offered=sent.offered,
        acknowledged=sent.tally.acknowledged,
        achieved_rate=sent.tally.acknowledged / sent.seconds if sent.seconds > 0 else 0.0,
        kinds=dict(sent.tally.kinds.most_common()),
        latency=sent.tally.summary(),
        lateness_p99=sent.lateness_p99,
        connections=sent.connections,
        queued=sent.queued,
        interrupted=sent.interrupted,
        cpu_ms={name: seconds * per_request for name, seconds in cpu.items()},
        cores_elsewhere=max(0.0, machine_cpu - sum(cpu.values())) / sent.seconds if sent.seconds > 0 else 0.0,
        memory={name: usage.memory for name, usage in after.items()},
        restarted=sorted(before.keys() - after.keys()),
    )
