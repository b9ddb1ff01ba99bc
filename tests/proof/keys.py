"""Somebody at the desk who has a keyboard and nothing else; and what of the desk is done by it."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ElementHandle, Locator, Page, Response, expect

from newsletter.web.kit.site import desk_cookie
from tests.browser.sights import Sights, all_sights

MOST = 500  # stops of the Tab key, after which a control is out of reach
VERBS = ("action", "do", "end", "remove")
"""Fields that say what a press does: of the button, or hidden beside it."""

MARKS = ("sure", "magnet", "guide", "everywhere")
"""Fields that make another act of it where they are there."""

_SENDS = """(one, names) => {
  const form = one.form
  const to = one.getAttribute("formaction") || form.getAttribute("action") || location.pathname
  const said = [...form.querySelectorAll("input[type=hidden]"), one].filter(field => names.includes(field.name))
  return [new URL(to, location).pathname, Object.fromEntries(said.map(field => [field.name, field.value]))]
}"""
_IS_HERE = "one => one === document.activeElement"
_NEARER = """one => {
  const stops = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
  const all = [...document.querySelectorAll(stops)].filter(stop => stop.checkVisibility() && !stop.disabled)
  const ahead = all.indexOf(one) - all.indexOf(document.activeElement)
  return 2 * (ahead < 0 ? ahead + all.length : ahead) > all.length ? "Shift+Tab" : "Tab"
}"""
_IN_ITS_GROUP = "one => document.activeElement.type === 'radio' && document.activeElement.name === one.name"


class Action(NamedTuple):
    """What a button asks for: the route that it is sent to, by its template, and what it is to do, "" if one thing.

    Of a form that only looks for something the route is ``GET /admin/…``.
    """

    route: str
    does: str


def action_of(routes: Iterable[str], path: str, said: Mapping[str, str]) -> Action:
    """Numbers are no matter; of two routes that take a path, the one with fewer of its own words left out is meant."""
    fits = [one for one in routes if re.fullmatch(re.sub(r"\{\w+:str\}", "[^/]+", one), path)]
    assert fits, f"There is no route that takes {path}."
    words = [re.sub(r"\d+", "N", said[name]) for name in VERBS if said.get(name)]
    return Action(
        min(fits, key=lambda one: one.count("{")),
        " ".join([*words, *(name for name in MARKS if said.get(name))]),
    )


def asked_at(routes: Iterable[str], path: str) -> Action:
    return Action(f"GET {action_of(routes, path, {}).route}", "")


Test = TypeVar("Test", bound=Callable[..., Any])


def by_keyboard(route: str, *does: str) -> Callable[[Test], Test]:
    """What a test does of a route; it fails if it did not. Without a word it is the one thing that the route does."""

    def mark(test: Test) -> Test:
        of_route = {Action(route, one) for one in does or ("",)}
        test.__dict__["by_keyboard"] = test.__dict__.get("by_keyboard", set()) | of_route
        return test

    return mark


class Keys:
    """Her browser. `done`: what she has pressed, as it was sent and answered well."""

    def __init__(self, page: Page, sights: Sights) -> None:
        self.page = page
        self.sights = sights
        self.routes = [one for one, methods in sights.here.routes.items() if "POST" in methods]
        self.asking = [one for one, methods in sights.here.routes.items() if "GET" in methods]
        self.done: set[Action] = set()
        page.on("filechooser", lambda _opened: None)  # or the first one might open before anybody listens

    async def begins_at(self, path: str) -> None:
        await self.page.goto(self.sights.home + path)

    async def comes_to(self, one: Locator) -> None:
        """By Tab alone, or by Shift and Tab where the way back is shorter."""
        await self._tabs(one, _IS_HERE)

    async def _tabs(self, one: Locator, until: str, key: str = "") -> None:
        there = await one.element_handle()
        assert there is not None
        key = key or await there.evaluate(_NEARER)
        for _ in range(MOST):
            if await there.evaluate(until):
                return
            await self.page.keyboard.press(key)
        raise AssertionError(f"The Tab key does not come to {one}.")

    async def types(self, field: Locator, text: str) -> None:
        """In the place of what stands there."""
        await self.comes_to(field)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.type(text)

    async def dates(self, field: Locator, *parts: str) -> None:
        """A day, and a time: each is several stops of the Tab key, of which the first is come to."""
        await self._tabs(field, _IS_HERE, "Tab")
        await self.page.keyboard.type(parts[0])
        for part in parts[1:]:
            await self.page.keyboard.press("Tab")
            await self.page.keyboard.type(part)

    async def ticks(self, box: Locator) -> None:
        await self.comes_to(box)
        before = await box.is_checked()
        await self.page.keyboard.press("Space")
        await expect(box).to_be_checked(checked=not before)

    async def chooses(self, radio: Locator) -> None:
        await self._tabs(radio, _IN_ITS_GROUP)
        for _ in range(10):
            if await radio.is_checked():
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"The arrow keys do not come to {radio}.")

    async def picks(self, listed: Locator, value: str) -> None:
        await self.comes_to(listed)
        await self.page.keyboard.press("Home")
        for _ in range(100):
            if await listed.input_value() == value:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"The arrow keys do not come to {value} in {listed}.")

    async def sends_file(self, field: Locator, file: Path) -> None:
        await self.comes_to(field)
        async with self.page.expect_file_chooser() as opened:
            await self.page.keyboard.press("Space")
        await (await opened.value).set_files(file)

    async def follows(self, link: Locator) -> None:
        await self.comes_to(link)
        async with self.page.expect_event("load"):
            await self.page.keyboard.press("Enter")

    async def presses(self, button: Locator, key: str = "Enter", status: int = 303) -> None:
        """What comes of it is on the page when this returns."""
        await self.comes_to(button)
        async with self.page.expect_event("load"):
            await self._sent(key, status)

    async def asks(self, button: Locator) -> None:
        """Of a form that only looks for something."""
        await self.comes_to(button)
        path = await self._asks_at()
        async with self.page.expect_event("load"):
            await self.page.keyboard.press("Enter")
        assert urlsplit(self.page.url).path == path

    async def downloads(self, button: Locator) -> str:
        """The file that a button gives, as text."""
        await self.comes_to(button)
        await self._asks_at()
        async with self.page.expect_download() as begun:
            await self.page.keyboard.press("Enter")
        return Path(await (await begun.value).path()).read_text("utf-8")

    async def _asks_at(self) -> str:
        one = (await self.page.evaluate_handle("document.activeElement")).as_element()
        assert one is not None
        path, _ = await one.evaluate(_SENDS, [])
        self.done.add(asked_at(self.asking, path))
        return str(path)

    async def previews(self, button: Locator) -> None:
        """As `presses`, of what is shown in a frame."""
        await self.comes_to(button)
        await self._sent("Enter", 200)

    async def by_shortcut(self, key: str, button: Locator) -> None:
        """What a key does where she is, and what the button for it would have done."""
        there = await button.element_handle()
        assert there is not None
        async with self.page.expect_event("load"):
            await self._sent(key, 303, there)

    async def _sent(self, key: str, status: int, by: ElementHandle | None = None) -> None:
        one = by or (await self.page.evaluate_handle("document.activeElement")).as_element()
        assert one is not None
        path, said = await one.evaluate(_SENDS, [*VERBS, *MARKS])

        def is_ours(answer: Response) -> bool:
            asked = answer.request
            return (
                asked.method == "POST" and asked.is_navigation_request() and urlsplit(asked.url).path == path
            )

        async with self.page.expect_response(is_ours) as answered:
            await self.page.keyboard.press(key)
        assert (await answered.value).status == status, (path, said)
        self.done.add(action_of(self.routes, path, said))

    def button(self, name: str | re.Pattern[str], within: Locator | None = None) -> Locator:
        """By the words on it."""
        return (within or self.page.locator("main")).get_by_role(
            "button", name=name, exact=isinstance(name, str)
        )

    async def is_told(self, words: str) -> None:
        await expect(self.page.get_by_role("status").first).to_contain_text(words)

    def holds(self, test: Callable[..., Any]) -> None:
        """Whether she did what a test says that it does."""
        left: set[Action] = getattr(test, "by_keyboard", set()) - self.done
        assert not left, f"This was not done by the keyboard: {sorted(left)}"

    async def value(self, sql: str, **params: Any) -> Any:
        """What became of it, in the database."""
        return await self.sights.here.site.db.read(lambda tx: tx.value(sql, **params))

    async def run(self, sql: str, **params: Any) -> None:
        await self.sights.here.site.db.write(lambda tx: tx.run(sql, **params))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sights]:
    """One service for all tests of a file."""
    folder = tmp_path_factory.mktemp("desk")
    async with all_sights(folder, f"sqlite:///{folder}/newsletter.db") as found:
        yield found


@asynccontextmanager
async def at_the_desk(browser: Browser, sights: Sights, *, script: bool = True) -> AsyncIterator[Keys]:
    """A sign-in of its own: what others do to theirs is no matter."""
    context = await browser.new_context(reduced_motion="reduce", java_script_enabled=script)
    web = await sights.here.visitor()
    await sights.here.signs_in(web)
    name = desk_cookie(sights.here.site)
    await context.add_cookies([{"name": name, "value": web.cookies[name], "url": sights.home}])
    context.set_default_timeout(15_000)
    yield Keys(await context.new_page(), sights)
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def keys(request: pytest.FixtureRequest, browser: Browser, desk: Sights) -> AsyncIterator[Keys]:
    """Of an owner who is in; at the end it is held against what the test says that it does."""
    async with at_the_desk(browser, desk) as found:
        yield found
        found.holds(request.function)
