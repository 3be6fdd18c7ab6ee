"""Stepping up to the knee, and which bars a run misses."""

from scripts.devtools.load.measurement import Measurement
from scripts.devtools.load.ramp import Ramp, knee
from scripts.devtools.load.tally import Latency


def run_at(
    rate: float, *, p95: float = 0.1, acknowledged: int = 1000, interrupted: bool = False
) -> Measurement:
    return Measurement(
        rate=rate,
        seconds=1.0,
        offered=1000,
        acknowledged=acknowledged,
        achieved_rate=rate,
        kinds={},
        latency=Latency(p50=0.01, p95=p95, p99=p95, max=p95),
        lateness_p99=0.0,
        connections=1,
        queued=0,
        interrupted=interrupted,
        cpu_ms={},
        cores_elsewhere=0.0,
        memory={},
    )


async def climb(ramp: Ramp, *script: Measurement) -> tuple[list[float], list[Measurement]]:
    """The rates that were asked for, when these are the runs that come of them."""
    asked: list[float] = []
    runs = iter(script)

    async def measure(rate: float) -> Measurement:
        asked.append(rate)
        return next(runs)

    return asked, [run async for run in ramp.climb(measure)]


async def test_a_ramp_ends_where_a_bar_is_missed_twice() -> None:
    asked, runs = await climb(
        Ramp(200, 100, 2000), run_at(200), run_at(300), run_at(400, p95=0.5), run_at(400, acknowledged=994)
    )

    assert asked == [200, 300, 400, 400]
    assert knee(runs) == 300


async def test_a_step_that_is_good_the_second_time_counts() -> None:
    asked, runs = await climb(Ramp(200, 100, 300), run_at(200, p95=9), run_at(200), run_at(300))

    assert asked == [200, 200, 300]
    assert knee(runs) == 300


async def test_a_ramp_that_misses_nothing_ends_at_its_last_rate() -> None:
    asked, runs = await climb(Ramp(100, 100, 250), run_at(100), run_at(200))

    assert asked == [100, 200]
    assert knee(runs) == 200


async def test_an_interrupted_step_ends_the_ramp_and_is_no_knee() -> None:
    asked, runs = await climb(Ramp(100, 100, 900), run_at(100), run_at(200, interrupted=True))

    assert asked == [100, 200]
    assert knee(runs) == 100


def test_there_is_no_knee_when_the_first_step_misses() -> None:
    assert knee([run_at(200, p95=0.6), run_at(200, p95=0.7)]) is None


def test_the_bars() -> None:
    assert run_at(167, p95=0.4999, acknowledged=995).misses() == []
    assert run_at(167, acknowledged=994).misses() == ["99.40% acknowledged, the bar is 99.5%."]
    assert run_at(167, p95=0.5).misses() == ["p95 is 500 ms, the bar is below 500 ms."]
    assert run_at(167, p95=float("nan")).misses() != []
