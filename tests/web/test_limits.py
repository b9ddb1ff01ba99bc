"""Budgets by a clock of our own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.web.kit.limits import Budget


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_it_is_used_up_at_its_limit_and_says_how_long(clock: Clock) -> None:
    budget = Budget(3, 60, clock=clock)

    assert [budget.take("net") for _ in range(5)] == [0, 0, 0, pytest.approx(20), pytest.approx(20)]


@pytest.mark.parametrize(("limit", "window"), [(1, 60), (7, 3600), (20, 3600), (10, 86400), (2000, 3600)])
def test_exactly_its_limit_fits_at_once(clock: Clock, limit: int, window: float) -> None:
    budget = Budget(limit, window, clock=clock)

    assert sum(not budget.take("net") for _ in range(limit * 2)) == limit


def test_what_it_says_is_true(clock: Clock) -> None:
    budget = Budget(7, 3600, clock=clock)
    while not (wait := budget.take("net")):
        pass

    clock.now += wait - 1
    assert budget.take("net")
    clock.now += 1
    assert not budget.take("net")
    assert budget.take("net") == pytest.approx(3600 / 7)


def test_it_is_whole_again_after_its_window(clock: Clock) -> None:
    budget = Budget(3, 60, clock=clock)
    while not budget.take("net"):
        pass
    assert budget.used("net") == 3

    clock.now += 60

    assert budget.used("net") == 0
    assert [bool(budget.take("net")) for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize(("limit", "left"), [(5, 3), (50, 48), (1, 0)])
def test_another_limit_counts_what_was_taken(clock: Clock, limit: int, left: int) -> None:
    budget = Budget(10, 60, clock=clock)
    assert [budget.take("net") for _ in range(2)] == [0, 0]
    budget.allow(limit, 60)
    assert sum(not budget.take("net") for _ in range(limit * 2)) == left


def test_keys_do_not_share(clock: Clock) -> None:
    budget = Budget(1, 60, clock=clock)

    assert not budget.take("198.51.100.0/24")
    assert not budget.take("203.0.113.0/24")
    assert budget.take("198.51.100.0/24")
    assert budget.used("198.51.100.0/24") == 1
    assert budget.used("192.0.2.0/24") == 0
    assert not budget.take()


def test_being_refused_costs_nothing(clock: Clock) -> None:
    budget = Budget(1, 60, clock=clock)
    budget.take("net")
    for _ in range(1000):
        budget.take("net")

    clock.now += 60

    assert not budget.take("net")


def test_it_forgets_the_longest_unseen_first(clock: Clock) -> None:
    budget = Budget(1, 3600, keys=100, clock=clock)
    for n in range(10_000):
        budget.take(f"net {n}")
        assert bool(budget.take("stays")) is bool(n)

    assert len(budget._whole_at) <= 100
    assert budget.take("net 9999")
    assert not budget.take("net 1")


def test_what_is_whole_again_leaves_the_memory(clock: Clock) -> None:
    budget = Budget(1, 60, clock=clock)
    for n in range(1000):
        budget.take(f"net {n}")
    clock.now += 61

    for n in range(1000):
        budget.take(f"other {n}")

    assert len(budget._whole_at) <= 1001


def test_no_key_is_kept_as_it_is_nor_the_same_twice(clock: Clock) -> None:
    one, other = Budget(1, 60, clock=clock), Budget(1, 60, clock=clock)
    one.take("198.51.100.0/24")
    other.take("198.51.100.0/24")

    assert "198.51" not in repr(vars(one))
    assert one._whole_at.keys() != other._whole_at.keys()


@settings(deadline=None)
@given(st.integers(1, 50), st.floats(1, 1e5), st.lists(st.floats(0, 1e4), max_size=60))
def test_no_window_ever_holds_twice_its_limit(limit: int, window: float, steps: list[float]) -> None:
    clock = Clock()
    budget = Budget(limit, window, clock=clock)
    taken: list[float] = []
    for step in steps:
        clock.now += step
        for _ in range(limit + 1):
            if budget.take("net"):
                break
            taken.append(clock.now)
        assert 0 <= budget.used("net") <= limit

    for start in taken:
        assert sum(start <= moment < start + window * 0.999 for moment in taken) < 2 * limit + 1
