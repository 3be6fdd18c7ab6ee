"""When requests are meant to be sent, and percentiles."""

import math
from itertools import pairwise

import pytest

from scripts.devtools.load.arrivals import intended_times, percentile


def test_fixed_arrivals_are_evenly_spaced() -> None:
    assert list(intended_times(4, 1, "fixed")) == [0.0, 0.25, 0.5, 0.75]


def test_poisson_arrivals_offer_the_asked_number_in_order_within_the_time() -> None:
    times = intended_times(167, 60, "poisson", seed=1)

    assert len(times) == 167 * 60
    assert list(times) == sorted(times)
    assert times[0] >= 0
    assert times[-1] < 60


def test_poisson_gaps_are_exponential() -> None:
    times = intended_times(100, 100, "poisson", seed=2)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    longer_than_mean = sum(gap > 0.01 for gap in gaps) / len(gaps)

    assert longer_than_mean == pytest.approx(math.exp(-1), abs=0.03)


def test_a_seed_repeats_a_schedule() -> None:
    assert intended_times(50, 2, seed=3) == intended_times(50, 2, seed=3)
    assert intended_times(50, 2, seed=3) != intended_times(50, 2, seed=4)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 5), (0.9, 9), (0.95, 10), (0.99, 10), (1.0, 10)]
)
def test_percentile_is_the_smallest_value_that_the_share_does_not_exceed(share: float, expected: int) -> None:
    assert percentile(range(1, 11), share) == expected


def test_percentile_of_one_and_of_none() -> None:
    assert percentile([7.0], 0.95) == 7.0
    assert math.isnan(percentile([], 0.95))
