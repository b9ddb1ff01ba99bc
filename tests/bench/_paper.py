"""On paper: what 100 million messages a day would take, by what one was measured to cost. Nobody has sent them."""

from collections.abc import Iterator, Mapping

MESSAGES = 100_000_000  # a day
WORKERS = 10
DAY = 86_400  # seconds
KEPT = 90  # days that the ledger is kept
POOL = 10  # connections to the database that a process holds at most (newsletter/storage/postgres.py)
ANSWERING = 2  # machines


def paper(size: int, figures: Mapping[str, float]) -> Iterator[str]:
    """`figures`: what was measured among `size` subscribers on PostgreSQL."""
    rate = MESSAGES / DAY
    each = {
        what: figures[f"enqueue_{what}"] + figures[f"send_{what}"]
        for what in ("cpu_seconds_per_1000", "server_cpu_seconds_per_1000", "log_bytes", "disk_bytes")
    }
    ours, theirs = each["cpu_seconds_per_1000"], each["server_cpu_seconds_per_1000"]
    yield from ("", f"## On paper: {MESSAGES:,} messages a day", "")
    yield (
        f"One PostgreSQL, {WORKERS} workers. Computed from what one message was measured to cost among {size:,}"
        " subscribers: its row, its way out, and what became of it. Nobody has sent as many; what a relay and a"
        " network take is not in it."
    )
    yield from ("", "| | a message | a day | |", "|---|---:|---:|---|")
    yield f"| messages | | {MESSAGES:,} | {rate:,.0f} a second, {rate / WORKERS:,.0f} by each worker |"
    yield (
        f"| measured of one worker beside its database | | {figures['send_per_second'] * DAY:,.0f} |"
        f" {figures['send_per_second']:,.0f} a second on this machine, which both share |"
    )
    yield line("workers' CPU", ours, rate)
    yield line("PostgreSQL's CPU", theirs, rate)
    yield f"| rows | 1 | {MESSAGES:,} | {MESSAGES * KEPT:,} in the {KEPT} days that the ledger is kept |"
    yield written("write-ahead log", each["log_bytes"], rate)
    disk = each["disk_bytes"] * MESSAGES
    yield (
        f"| disk | {each['disk_bytes']:,.0f} B | {disk / 1e9:,.0f} GB | {disk * KEPT / 1e12:,.1f} TB in {KEPT} days;"
        " what is deleted is used again |"
    )
    total = POOL * (WORKERS + ANSWERING)
    yield (
        f"| connections | | | {total}: {POOL} at most of each worker and of {ANSWERING} machines that answer |"
    )


def line(name: str, per_1000: float, rate: float) -> str:
    cores = per_1000 / 1000 * rate
    return (
        f"| {name} | {per_1000:.3f} ms | {per_1000 / 1000 * MESSAGES / 3600:,.0f} hours | {cores:.2f} cores like"
        " these, busy all day |"
    )


def written(name: str, bytes_: float, rate: float) -> str:
    return f"| {name} | {bytes_:,.0f} B | {bytes_ * MESSAGES / 1e9:,.0f} GB | {bytes_ * rate / 1e6:,.1f} MB a second |"
