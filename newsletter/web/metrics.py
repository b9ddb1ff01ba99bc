"""`/metrics`, as Prometheus reads it (text format 0.0.4): how the service stands, in numbers, and nobody in them.

It is there when `NEWSLETTER_METRICS_TOKEN` is set, for who sends that token.
"""

import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from newsletter import __version__
from newsletter.mail.gauges import gauges
from newsletter.storage import Tx
from newsletter.web.kit.answer import answered
from newsletter.web.kit.site import Site


class Metric(NamedTuple):
    """One line, or one for each value of its label: `values` are (label="value", number)."""

    name: str
    kind: str  # counter or gauge
    help: str
    values: Iterable[tuple[str, float]]


class Metrics:
    """An ASGI app."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def __call__(self, scope: Any, _receive: object, send: Callable[[Any], Any]) -> None:
        status, more, text = await self._answer(scope)
        headers = [
            (b"content-type", b"text/plain; version=0.0.4; charset=utf-8"),
            (b"cache-control", b"no-store"),
        ]
        headers += [(b"content-length", b"%d" % len(text)), *more]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    async def _answer(self, scope: Any) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        token = self._site.settings.metrics_token.encode()
        if not token:
            return 404, [], b"There are no metrics here: NEWSLETTER_METRICS_TOKEN is not set.\n"
        if scope["method"] != "GET":
            return 405, [(b"allow", b"GET")], b"Metrics are read, by GET.\n"
        given = dict(scope["headers"]).get(b"authorization", b"")
        if not hmac.compare_digest(given, b"Bearer " + token):
            return 401, [(b"www-authenticate", b"Bearer")], b"Send the token: Authorization: Bearer ...\n"
        lines = [*await self._site.db.read(self._stored), *of_this_process()]
        return 200, [], "".join(map(written, lines)).encode()

    async def _stored(self, tx: Tx) -> list[Metric]:
        """Raises Unavailable."""
        seen = await gauges(tx)
        waiting = await self._site.moderation.waiting(tx)
        comments = {status: waiting.get(status, 0) for status in ("unverified", "pending", "spam")}
        people = await self._site.subscribers.by_status(tx)
        plain = [
            Metric(f"newsletter_{name}", "gauge", help, [("", seen[key])]) for name, key, help in _OF_SENDING
        ]
        mails = [('kind="single"', seen["single"]), ('kind="many"', seen["many"])]
        return [
            Metric("newsletter_mails_waiting", "gauge", _WAITING, mails),
            *plain,
            Metric("newsletter_subscribers", "gauge", _SUBSCRIBERS, _by("status", people)),
            Metric("newsletter_comments_waiting", "gauge", _COMMENTS, _by("status", comments)),
        ]


_WAITING = "Mails to single people, and of broadcasts and sequences, that are still to be sent."
_SUBSCRIBERS = "By status."
_COMMENTS = "Comments that wait for the owner or for their author, or are held for spam."
_OF_SENDING = (
    ("mails_oldest_due_seconds", "oldest", "How long the first mail to a single person has been due."),
    (
        "mails_sent_last_day",
        "sent",
        "Mails that the relay took in the last 24 hours, counted by whole hours.",
    ),
    ("mails_failed_last_day", "failed", "Mails that failed for good in the last 24 hours."),
    ("workers", "workers", "Workers that were alive in the last 30 seconds, on all machines."),
    ("sending_held", "held", "1 while the owner or a restored backup holds all sending."),
    ("relay_paused", "paused", "1 while all workers leave the relay alone because it is in trouble."),
)


def of_this_process() -> list[Metric]:
    times = os.times()
    return [
        Metric("newsletter_build_info", "gauge", "This version.", [(f'version="{__version__}"', 1)]),
        Metric("newsletter_http_answers_total", "counter", "Answers of this process, by their status's first figure.",
               [(f'code="{n}xx"', answered[n]) for n in range(2, 6)]),
        Metric("process_cpu_seconds_total", "counter", "CPU time of this process.", [("", times.user + times.system)]),
        Metric("process_resident_memory_bytes", "gauge", "Memory of this process; 0 where there is no /proc.",
               [("", _resident())]),
    ]  # fmt: skip


def _resident() -> int:
    seen = Path("/proc/self/statm")
    return int(seen.read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") if seen.exists() else 0


def _by(label: str, counts: Mapping[Any, int]) -> list[tuple[str, float]]:
    return [(f'{label}="{value}"', count) for value, count in counts.items()]


def written(metric: Metric) -> str:
    lines = [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
    for label, value in metric.values:
        number = repr(value) if isinstance(value, float) else str(int(value))
        lines.append(f"{metric.name}{{{label}}} {number}" if label else f"{metric.name} {number}")
    return "\n".join(lines) + "\n"
