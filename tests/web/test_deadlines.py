"""Patience, by numbers alone."""

import pytest

from newsletter.web.deadlines import Deadlines, Patience, Stage

GIVEN = Deadlines(head=15, body=30, slowest=1000, idle=10, unread=30, linger=2)


@pytest.mark.parametrize(
    ("stage", "seconds"),
    [
        (Stage.IDLE, 10),
        (Stage.HEAD, 15),
        (Stage.BODY, 30),
        (Stage.UNREAD, 30),
        (Stage.LINGER, 2),
        (Stage.ANSWER, 1e9),
    ],
)
def test_each_stage_has_its_time(stage: Stage, seconds: float) -> None:
    patience = Patience(GIVEN)

    assert not patience.is_over(1000, stage, "request", 0)
    assert not patience.is_over(1000 + seconds - 0.1, stage, "request", 0)
    assert patience.is_over(1000 + seconds, stage, "request", 0) is (stage is not Stage.ANSWER)


def test_bytes_of_a_head_buy_no_time() -> None:
    patience = Patience(GIVEN)

    assert [patience.is_over(second, Stage.HEAD, "request", second) for second in range(17)].index(True) == 15


def test_a_body_may_flow_for_long() -> None:
    patience = Patience(GIVEN)

    assert not any(patience.is_over(second, Stage.BODY, "request", second * 1001) for second in range(10_000))


@pytest.mark.parametrize(("rate", "end"), [(0, 30), (100, 34), (500, 60), (900, 300)])
def test_a_body_that_drips_has_its_end(rate: int, end: int) -> None:
    patience = Patience(GIVEN)

    ends = next(
        second for second in range(1000) if patience.is_over(second, Stage.BODY, "request", second * rate)
    )

    assert ends == end


def test_a_body_that_stops_is_waited_for_no_longer_than_one_that_never_began() -> None:
    patience = Patience(GIVEN)
    assert not patience.is_over(0, Stage.BODY, "request", 0)
    assert not patience.is_over(5, Stage.BODY, "request", 10_000_000)

    assert not patience.is_over(34, Stage.BODY, "request", 10_000_000)
    assert patience.is_over(35, Stage.BODY, "request", 10_000_000)


def test_an_answer_is_waited_for_as_long_as_it_is_taken() -> None:
    patience = Patience(GIVEN)

    assert not any(
        patience.is_over(second, Stage.UNREAD, "request", 50_000 - second // 20) for second in range(9999)
    )


def test_the_next_request_has_its_own_time() -> None:
    patience = Patience(GIVEN)

    assert not patience.is_over(0, Stage.HEAD, one := object(), 0)
    assert not patience.is_over(14, Stage.HEAD, two := object(), 0)
    assert not patience.is_over(16, Stage.HEAD, two, 0)
    assert not patience.is_over(17, Stage.HEAD, one, 0)
    assert patience.is_over(32, Stage.HEAD, one, 0)
