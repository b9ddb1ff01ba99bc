"""Every page and state of one, as tests/browser/sights.py comes to them: nothing for axe to find, light and dark;
nothing scrolls sideways on a phone or a wide screen, from left to right or from right to left; little is sent over the
wire, nothing is asked of anybody else, no page breaks its own policy, and no script ends in a fault.

The heaviest pages are printed by name.
"""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Page, Request

from tests.browser.sights import Sight, Sights
from tests.figures import Figure

PARTS = 8  # so that each takes its minute
WIDTHS = (320, 1440, 2560)
PUBLIC_BYTES = 30 * 1024
DESK_BYTES = 120 * 1024
IN_A_FRAME = ("landmark-one-main", "page-has-heading-one", "region")
"""Rules for whole pages: what stands in a frame is a part of one."""

_AS_IT_IS_SEEN = """() => {
  const clear = (element) => getComputedStyle(element).backgroundColor === "rgba(0, 0, 0, 0)"
  if (clear(document.body) && clear(document.documentElement)) document.documentElement.style.background = "Canvas"
}"""  # axe takes what has no ground of its own to be white, in the dark too
_CUT_OFF = """() => {
  const own = one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())
  const rolls = one => one && one !== document.body && one !== document.documentElement
    && (getComputedStyle(one).overflowX !== "visible" || getComputedStyle(one).position === "fixed"
      || rolls(one.parentElement))
  const said = [...document.body.querySelectorAll("*")].filter(one => own(one) && one.checkVisibility() && !rolls(one))
  const cut = said.filter(one => {
    const box = one.getBoundingClientRect()
    return box.width && (box.left < -1 || box.right > document.documentElement.clientWidth + 1)
  })
  return cut.map(one => one.outerHTML.slice(0, 80))
}"""
"""Words beyond an edge, also where a page begins: there nobody can scroll to."""

_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Wire:
    """What a page asks for and what it is sent, with the heads of the answers."""

    def __init__(self, page: Page, home: str) -> None:
        self._home, self._page = home, page
        self._finished: list[Request] = []
        self.strangers: set[str] = set()
        self._complaints: list[str] = []
        page.on("request", self._note)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complaints.append(str(error)))
        page.on("requestfinished", lambda request: self._finished.append(request))

    def _note(self, request: Request) -> None:
        leaves = request.is_navigation_request() and request.redirected_from is None
        if leaves and request.frame == self._page.main_frame:
            self._finished.clear()  # that was the page before: a form is sent from one
        if not request.url.startswith((f"{self._home}/", "data:", "blob:", "about:")):
            self.strangers.add(request.url)

    def _heard(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self._complaints.append(message.text)

    def complaints(self) -> list[str]:
        """Of the policy, and of scripts, since it was last asked."""
        told, self._complaints = self._complaints, []
        return told

    async def weigh(self) -> int:
        """Bytes since it was last asked, or since the page was left for another."""
        total = 0
        finished, self._finished[:] = list(self._finished), []
        for request in finished:
            if request.url.startswith("http"):
                sizes = await request.sizes()
                total += sizes["responseBodySize"] + sizes["responseHeadersSize"]
        return total


async def _look(page: Page, sight: Sight, *, framed: bool) -> list[str]:
    """What is wrong with how it looks, in any light, width and direction."""
    wrong = []
    options = {"rules": {rule: {"enabled": False} for rule in IN_A_FRAME}} if framed else {}
    await page.evaluate(_AS_IT_IS_SEEN)
    schemes: tuple[Any, ...] = ("light", "dark")
    await page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    for scheme in schemes:
        await page.emulate_media(color_scheme=scheme)
        found = await Axe().run(page, options=options)
        if found.violations_count:
            wrong.append(f"{sight.name}, {scheme}: {found.generate_report()}")
    for direction in ("ltr", "rtl"):
        await page.evaluate("direction => document.documentElement.dir = direction", direction)
        for width in WIDTHS:
            await page.set_viewport_size({"width": width, "height": 900})
            if (wide := await page.evaluate(_TOO_WIDE)) > 0:
                wrong.append(f"{sight.name}, {direction}, is {wide} pixels wider than {width}")
            if cut := await page.evaluate(_CUT_OFF):
                wrong.append(f"{sight.name}, {direction}, at {width}, is cut off at {cut[0]}")
    return wrong


@pytest.mark.parametrize("part", range(PARTS))
async def test_every_page(browser: Browser, sights: Sights, figure: Figure, part: int) -> None:
    ends = [n * len(sights.every) // PARTS for n in (part, part + 1)]
    wrong: list[str] = []
    answers = 0
    heaviest = {True: (0, "none"), False: (0, "none")}
    contexts = {True: await sights.owner(browser), False: await browser.new_context(reduced_motion="reduce")}
    pages = {desk: await context.new_page() for desk, context in contexts.items()}
    for page in pages.values():
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    wires = {desk: Wire(page, sights.home) for desk, page in pages.items()}
    for sight in sights.every[slice(*ends)]:
        desk = sight.at_the_desk
        answer = await sights.open(pages[desk], sight)
        weight = await wires[desk].weigh()
        heaviest[desk] = max(heaviest[desk], (weight, sight.name))
        answers += sight.sends is not None
        wrong += [f"{sight.name} complains: {said}" for said in wires[desk].complaints()]
        page = pages[desk]
        sandboxed = "sandbox" in answer.headers.get("content-security-policy", "")
        if sandboxed:
            page = pages[False]  # in its own place nothing runs, and nothing could be asked there
            await page.goto("about:blank")
            await page.set_content(await answer.text())
        framed = sandboxed or await page.locator("body.frame").count() > 0
        wrong += await _look(page, sight, framed=framed)
        await wires[desk].weigh()
        for wire in wires.values():
            wire.complaints()  # of what looks at the page
    strangers = wires[True].strangers | wires[False].strangers
    for context in contexts.values():
        await context.close()
    figure(f"pages_looked_at_{part}", ends[1] - ends[0])
    figure(f"answers_to_forms_among_them_{part}", answers)
    figure(f"pages_with_something_wrong_{part}", len(wrong), "0", not wrong)
    for desk, most in ((False, PUBLIC_BYTES), (True, DESK_BYTES)):
        weight, name = heaviest[desk]
        whose = "desk" if desk else "public"
        figure(f"heaviest_{whose}_page_{part} ({name}), bytes", weight, f"<= {most}", weight <= most)
    figure(f"requests_to_another_origin_{part}", len(strangers), "0", not strangers)
    assert not wrong, "\n\n".join(wrong)
    assert strangers == set()
    assert heaviest[False][0] <= PUBLIC_BYTES
    assert heaviest[True][0] <= DESK_BYTES


async def test_no_template_was_left_out(sights: Sights, figure: Figure) -> None:
    """After all parts of the test above."""
    unseen = sights.unseen()
    figure("templates_never_seen", len(unseen), "0", not unseen)
    assert unseen == set(), (
        "A page needs a row in tests/web/door_rows.py, or a line in tests/browser/sights.py."
    )
