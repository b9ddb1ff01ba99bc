"""The pictures on the desk's first page say what the tables beside them say."""

import re
from itertools import pairwise

import pytest

from newsletter.clock import DAY
from tests.web.stage import ADA, BEN, CLEO, Stage, link
from tests.web.test_desk_home import owner, shown

_BAR = re.compile(
    r'<rect class="bar( gone| now|)" x="([\d.]+)" y="([\d.]+)" width="7" height="([\d.]+)">'
    r"<title>([^:<]+): (\d+) (confirmed|left)</title>"
)
_ROW = re.compile(
    r'<tr><th scope="row">([^<]+)</th><td class="number">(\d+)</td><td class="number">(\d+)</td>'
)
_STEP = re.compile(
    r'<rect class="bar" width="([\d.]+)" height="10"/></svg></td>\s*<td class="number">(\d+)</td>'
)


async def test_each_bar_is_as_high_as_its_row_says(still: Stage) -> None:
    visitor = await still.visitor()
    page = await still.member(visitor, ADA)
    still.clock.forward(2 * DAY)
    for other in (BEN, CLEO):
        await still.member(visitor, other)
    await visitor.post(link((await visitor.get(link(page, "/preferences/"))).text, "/u/"))
    text = await shown(await owner(still), "/admin")
    (line,) = map(float, re.findall(r"H300M0 ([\d.]+)H300", text))
    rows = [(day, int(came), int(left)) for day, came, left in reversed(_ROW.findall(text))]
    expected = {(n, "confirmed", came) for n, (_, came, _) in enumerate(rows) if came}
    expected |= {(n, "left", left) for n, (_, _, left) in enumerate(rows) if left}
    assert len(rows) == 30
    assert {(27, "confirmed", 1), (29, "confirmed", 2), (29, "left", 1)} == expected
    found = set()
    for _, x, y, height, day, count, kind in _BAR.findall(text):
        at = int((float(x) - 1.5) / 10)
        assert rows[at][0] == day
        found.add((at, kind, int(count)))
        assert float(height) == pytest.approx(int(count) * 100 / 3, abs=0.02)  # two up and one down fill it
        assert (float(y) if kind == "left" else float(y) + float(height)) == pytest.approx(line, abs=0.02)
    assert found == expected


async def test_each_step_is_as_wide_as_its_share(still: Stage) -> None:
    visitor = await still.visitor()
    await visitor.get("/forms/guide")
    await still.member(visitor, ADA)
    await still.signs_up(visitor, BEN)
    bars = [
        (float(width), int(count))
        for width, count in _STEP.findall(await shown(await owner(still), "/admin"))
    ]
    most = max(count for _, count in bars)
    assert most == 2
    assert len({count for _, count in bars}) > 1
    assert all(width == pytest.approx(100 * count / most, abs=0.01) for width, count in bars)
    assert any(before > after for (before, _), (after, _) in pairwise(bars))
