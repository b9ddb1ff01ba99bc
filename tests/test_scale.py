"""What `make scale` makes of its figures: how much more a thing costs among more, and what that would be on paper."""

import pytest

from tests.bench._growth import chart, costs, table
from tests.bench._paper import paper

FEW = {
    "signup_per_second": 1_000.0,
    "desk_list_p99_ms": 4.0,
    "backup_bytes": 7.0,
    "send_cpu_seconds_per_1000": 0.5,
}
MANY = {"signup_per_second": 500.0, "desk_list_p99_ms": 5.0, "backup_bytes": 9.0}
FOUND = {10_000: FEW, 1_000_000: MANY}


def test_what_one_costs_is_counted_both_ways() -> None:
    """Half as many a second cost twice as much; what was not measured of all is left out, and so is a size."""
    assert costs(FOUND) == {"signup": [1.0, 2.0], "desk_list_p99_ms": [1.0, 1.25]}


def test_what_grows_is_marked() -> None:
    lines = list(chart(FOUND))
    assert [line for line in lines if line.endswith("!")] == [f"    1,000,000  {'█' * 30} 2.00  !"]
    assert list(chart({10_000: FEW})) == []


def test_the_table_has_a_place_for_what_is_missing() -> None:
    lines = list(table(FOUND))
    assert lines[0] == "| | 10,000 | 1,000,000 |"
    assert "| send cpu seconds per 1000 | 0.5000 | – |" in lines


def test_on_paper() -> None:
    """A hundred million a day are 1,157 a second; at a millisecond each they keep 1.16 cores busy."""
    each = {
        "cpu_seconds_per_1000": 0.4,
        "server_cpu_seconds_per_1000": 0.5,
        "log_bytes": 400.0,
        "disk_bytes": 250.0,
    }
    figures = {f"{name}_{what}": value for name in ("enqueue", "send") for what, value in each.items()}
    text = "\n".join(paper(100_000, figures | {"send_per_second": 1_000.0}))
    for said in ("1,157 a second, 116 by each worker", "0.93 cores", "1.16 cores", "80 GB", "0.9 MB a second",
                 "50 GB", "4.5 TB in 90 days", "120: 10 at most"):  # fmt: skip
        assert said in text, said
    with pytest.raises(KeyError):
        list(paper(100_000, {}))
