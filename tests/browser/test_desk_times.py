"""Every page of the desk says a moment by its owner's clock, and in one way, however far from UTC that clock is."""

import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from newsletter.mail import hold
from newsletter.words import day, told
from tests.browser.sights import all_sights
from tests.browser.test_german import page_of
from tests.conftest import NOON

FAR = "Pacific/Kiritimati"  # 14 hours ahead of UTC, where it is tomorrow when it is noon here
EVIDENCE = ("admin.subscribers.id.consent",)
"""What a court may read says UTC, as the file of the same does."""

TOLD = {"admin", "admin.comments.id", "admin.subscribers.id", "admin.subscribers.many", "desk.webhook"} | {
    f"admin.{page}"
    for page in (
        "archive", "audit", "broadcasts", "comments", "import", "magnets", "people", "sessions", "subscribers",
        "suppressions",
    )
}  # fmt: skip
"""Pages of which it is known that they tell of something that was at noon."""

_CLOCK = re.compile(r"\b\d\d:\d\d\b(?!(?::\d\d)? \+14)")
_FOR_MACHINES = re.compile(r"\bUTC\b|\d{4}-\d\d-\d\dT")
_NOT_OURS = {"textarea", "script", "style", "code", "pre"}  # what somebody typed, and what stands for itself


class _Times(HTMLParser):
    """The moments that a page marks as such, with what it says of each; and what else it says, but for the chart, whose
    days are counted in UTC: it says when they begin."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: list[tuple[str, str]] = []
        self.other = ""
        self._skipped = ""
        self._at: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if not self._skipped and (tag in _NOT_OURS or (tag, known.get("class")) == ("figure", "chart")):
            self._skipped = tag
        if tag == "time":
            self._at = known["datetime"]
            self.marked.append((self._at or "", ""))

    def handle_endtag(self, tag: str) -> None:
        self._skipped = "" if tag == self._skipped else self._skipped
        self._at = None if tag == "time" else self._at

    def handle_data(self, data: str) -> None:
        if self._at is not None:
            at, said = self.marked.pop()
            self.marked.append((at, said + data))
        elif not self._skipped:
            self.other += data


def _wrong(page: str) -> list[str]:
    times = _Times()
    times.feed(page)
    wrong = []
    for at, said in times.marked:
        ms = int(datetime.fromisoformat(at).timestamp() * 1000)
        right = (day(ms, FAR), told(ms, FAR), told(ms, FAR, seconds=True))
        wrong += [f"{said}, which is {right[1]}"] if " ".join(said.split()) not in right else []
    wrong += [day(NOON)] if day(NOON) in times.other else []
    return wrong + _CLOCK.findall(times.other) + _FOR_MACHINES.findall(times.other)


async def test_each_page_says_when_by_its_owners_clock(tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    tomorrow = set()
    async with all_sights(tmp_path, f"sqlite:///{tmp_path}/newsletter.db") as sights:
        msgspec.structs.force_setattr(sights.here.site.settings, "time_zone", FAR)
        await sights.here.site.db.write(hold.hold)
        for sight in sights.every:
            if not sight.at_the_desk or sight.name in EVIDENCE:
                continue
            page = (await page_of(sights, sight)).text
            tomorrow |= {sight.name} if day(NOON, FAR) in page else set()
            if wrong := _wrong(page):
                found[sight.name] = wrong
    assert not found
    assert tomorrow >= TOLD
