"""What WCAG 2.2 asks for and axe does not look at by itself, on every page and state: what is pressed is large enough
for a finger or has room around it (2.5.8), text that a reader spaces out is neither cut off nor covered (1.4.12), and
what has the focus is not hidden by what stays in its place (2.4.11)."""

import pytest
from playwright.async_api import Browser, Page

from tests.browser.sights import Sight, Sights
from tests.figures import Figure

PARTS = 4
NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1440, "height": 640}

_PRESSED = """() => {
  const LEAST = 24
  const shown = one => one.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })
    && !one.closest("[inert]") && getComputedStyle(one).clipPath === "none"
  const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
    .filter(one => shown(one) && !one.disabled && one.type !== "hidden")
  const inSentence = one => {
    if (getComputedStyle(one).display !== "inline") return false
    let around = one.parentElement
    while (getComputedStyle(around).display === "inline") around = around.parentElement
    const walker = document.createTreeWalker(around, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const node = walker.currentNode
      if (/[\\p{L}\\p{N}]/u.test(node.data) && !all.some(other => other.contains(node))) return true
    }
    return false
  }
  const area = one => {  // with the words that press it too
    const boxes = [one, ...(one.labels ?? [])].map(each => each.getBoundingClientRect())
    const label = one.closest("label")?.getBoundingClientRect()
    return label && ["checkbox", "radio"].includes(one.type) ? label : boxes[0]
  }
  const places = all.map(one => [one, area(one), inSentence(one)])
  const small = box => box.width < LEAST - .5 || box.height < LEAST - .5
  const middle = box => [box.left + box.width / 2, box.top + box.height / 2]
  const away = ([x, y], box) => Math.hypot(
    Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom))
  const crowded = ([one, box]) => places.some(([other, beside]) => {
    if (other === one || one.contains(other) || other.contains(one)) return false
    const [x, y] = middle(box), [u, v] = middle(beside)
    return away([x, y], beside) < LEAST / 2 - .5 || (small(beside) && Math.hypot(x - u, y - v) < LEAST - .5)
  })
  return places.filter(([one, box, within]) => box.width && small(box) && !within && crowded([one, box]))
    .map(([one, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 110)}`)
}"""
_SPACED = """() => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync("*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}"
    + "p{margin-bottom:2em!important}")
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}"""
_LOST = """() => {
  const said = node => node.nodeType === 3 && node.data.trim()
  const shown = one => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[aria-hidden=true], svg")
    && !["OPTION", "TEXTAREA", "SELECT"].includes(one.tagName)
  const seen = one => { for (; one; one = one.parentElement) {
    const style = getComputedStyle(one)
    if (style.clipPath !== "none" || (style.position === "absolute" && one.clientWidth <= 1)) return false
  } return true }
  const all = [...document.body.querySelectorAll("*")]
    .filter(one => shown(one) && seen(one) && [...one.childNodes].some(said))
  const cut = all.filter(one => {
    for (let around = one; around !== document.body; around = around.parentElement) {
      const style = getComputedStyle(around)
      if (![style.overflowX, style.overflowY].some(way => ["hidden", "clip"].includes(way))) continue
      if (around.scrollWidth > around.clientWidth + 1 || around.scrollHeight > around.clientHeight + 1) return true
    }
    return false
  })
  const lines = all.flatMap(one => [...one.childNodes].filter(said).flatMap(node => {
    const range = document.createRange()
    range.selectNodeContents(node)
    const within = one.closest(".words, .answered, pre, textarea")?.getBoundingClientRect()  // these scroll
    return [...range.getClientRects()].filter(box => box.width > 1 && (!within || box.bottom <= within.bottom + 1))
      .map(box => [one, box])
  })).sort((a, b) => a[1].top - b[1].top)
  const covered = []
  lines.forEach(([one, box], n) => {
    for (let m = n + 1; m < lines.length && lines[m][1].top < box.bottom - 4; m++) {
      const [other, beside] = lines[m]
      if (other !== one && Math.min(box.right, beside.right) - Math.max(box.left, beside.left) > 2) covered.push(one)
    }
  })
  return [["is cut off", cut], ["is covered", covered]].flatMap(([how, some]) =>
    [...new Set(some)].map(one => `${how}: ${one.outerHTML.slice(0, 110)}`))
}"""
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_STAYS = """() => [...document.querySelectorAll("body *")].some(
  one => ["sticky", "fixed"].includes(getComputedStyle(one).position))"""
_HIDDEN = """() => {
  const one = document.activeElement, walk = window.walk ??= { seen: new Set(), last: null, left: 0 }
  if (one === document.body) return ++walk.left > 1 ? null : ""
  if (walk.seen.has(one) && one !== walk.last) return null
  walk.seen.add(walk.last = one)
  const box = one.getBoundingClientRect()
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)]
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)]
  const at = (from, to, n) => from + (to - from) * (2 * n + 1) / 10
  for (let n = 0; n < 5; n++) for (let m = 0; m < 5; m++) {
    const found = document.elementFromPoint(at(left, right, n), at(top, bottom, m))
    if (found && (one.contains(found) || found.contains(one) && found.matches("label, summary"))) return ""
  }
  return one.outerHTML.slice(0, 110)
}"""


async def _open(sights: Sights, pages: dict[bool, Page], sight: Sight) -> Page:
    """The page; what stands in a sandbox is shown in one in which it can be asked."""
    page = pages[sight.at_the_desk]
    answer = await sights.open(page, sight)
    if "sandbox" in answer.headers.get("content-security-policy", ""):
        page = pages[False]
        await page.goto("about:blank")
        await page.set_content(await answer.text())
    return page


@pytest.mark.parametrize("part", range(PARTS))
async def test_it_is_pressed_and_read(browser: Browser, sights: Sights, figure: Figure, part: int) -> None:
    contexts = {True: await sights.owner(browser), False: await browser.new_context(reduced_motion="reduce")}
    pages = {desk: await context.new_page() for desk, context in contexts.items()}
    small, lost = list[str](), list[str]()
    for sight in sights.every[part::PARTS]:
        page = await _open(sights, pages, sight)
        for size in (NARROW, WIDE):
            await page.set_viewport_size(size)  # type: ignore[arg-type]  # its keys are what it wants
            small += [f"{sight.name}, {size['width']}: {one}" for one in await page.evaluate(_PRESSED)]
        before = {size["width"]: await _lost(page, size) for size in (NARROW, WIDE)}
        await page.evaluate(_SPACED)
        for size in (NARROW, WIDE):
            for one in await _lost(page, size) - before[size["width"]]:
                lost.append(f"{sight.name}, {size['width']}: {one}")
            if (wide := await page.evaluate(_TOO_WIDE)) > 0:
                lost.append(f"{sight.name} is {wide} pixels wider than {size['width']}")
    for context in contexts.values():
        await context.close()
    figure(f"targets_too_small_{part}", len(small), "0", not small)
    figure(f"spaced_text_lost_{part}", len(lost), "0", not lost)
    assert not small + lost, "\n".join(small + lost)


async def _lost(page: Page, size: dict[str, int]) -> set[str]:
    await page.set_viewport_size(size)  # type: ignore[arg-type]  # the same
    return set(await page.evaluate(_LOST))


async def test_the_focus_is_seen_where_something_stays_in_its_place(
    browser: Browser, sights: Sights, figure: Figure
) -> None:
    """Down the page by the Tab key, and up again."""
    contexts = {True: await sights.owner(browser), False: await browser.new_context(reduced_motion="reduce")}
    pages = {desk: await context.new_page() for desk, context in contexts.items()}
    hidden, stops, asked = list[str](), 0, 0
    for sight in sights.every:
        page = await _open(sights, pages, sight)
        for size in (NARROW, WIDE):
            await page.set_viewport_size(size)  # type: ignore[arg-type]  # the same
            if not await page.evaluate(_STAYS):
                continue
            asked += 1
            for key in ("Tab", "Shift+Tab"):
                await page.evaluate("delete window.walk")
                while (said := await _next(page, key)) is not None:
                    stops += 1
                    if said:
                        hidden.append(f"{sight.name}, {size['width']}, {key}: {said}")
    for context in contexts.values():
        await context.close()
    figure("pages_where_something_stays", asked)
    figure("focus_hidden", len(hidden), f"0 of {stops}", not hidden)
    assert stops > 100
    assert not hidden, "\n".join(hidden)


async def _next(page: Page, key: str) -> str | None:
    """What is hidden of the next stop; None past the last."""
    await page.keyboard.press(key)
    said: str | None = await page.evaluate(_HIDDEN)
    return said
