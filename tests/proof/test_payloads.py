"""Hostile texts, through every door, in every place that shows a comment: nothing runs, loads or leads astray.

Our own policy is off here: it would hide a fault. What a page is made of is compared with the same page of harmless
comments: a hostile one may add no element, no attribute, no style, no scheme of an address.
"""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from newsletter.web.server import Server
from tests.browser.hostile import Sender
from tests.browser.places import PLACES, Scene
from tests.browser.watching import Watch
from tests.comments.payloads import FEW, SHORT
from tests.conftest import Clock
from tests.ports import free_ports
from tests.web.conftest import set_clock
from tests.web.stage import FIREFOX, Stage, serving

CALM = """\
Plain words, on
two lines.
---
Two

paragraphs with *stress*, **force**, ~~doubt~~ and `code`.
---
> A quotation

- a list
- of two

3. and one
4. with numbers
---
```
a block of code
```

# A heading
---
[a link](https://example.org/), http://example.org/ and [mail](mailto:ada@example.org)
---
https://example.org/ <a href='https://example.org/'>in</a> <b>HTML</b>, <i>as</i> <em>it</em> <strong>was</strong>
<br><p>with <cite>all</cite> <code>that</code> <del>may</del> <s>stay</s> <q>of</q> it</p><pre>here</pre>
<ul><li>a</li></ul><ol start=3><li>b</li></ol><blockquote>c</blockquote>""".split("\n---\n")  # noqa: SIM905  as it is typed


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(
    browser: Browser, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Scene]:
    """All is sent, once for all tests here; they only look."""
    clock, folder = Clock(), tmp_path_factory.mktemp("payloads")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'newsletter.db')}"
    port, blog_port = free_ports(2)
    home, blog = (f"http://localhost:{n}" for n in (port, blog_port))
    async with AsyncExitStack() as opened:
        set_clock(opened.enter_context(pytest.MonkeyPatch.context()), clock)
        changes: dict[str, Any] = {"public_url": home, "allowed_origins": (blog,)}
        service = await opened.enter_async_context(
            serving(url, folder, clock, worker=False, port=port, **changes)
        )
        headers = {**FIREFOX, "Origin": home}
        web = await opened.enter_async_context(httpx.AsyncClient(base_url=home, headers=headers, timeout=30))
        context = await opened.enter_async_context(await browser.new_context(bypass_csp=True))
        watch = Watch(context, home, blog)
        await watch.begin()
        await opened.enter_async_context(Server(watch, port=blog_port, drain=0))
        csrf = await signs_in(service, web, watch)
        calm = Sender(service, web, csrf, "calm", CALM, CALM)
        hostile = Sender(service, web, csrf, "hostile", SHORT, FEW)
        await calm.sends_all(folder)
        await hostile.sends_all(folder)
        yield Scene(watch, calm, hostile)


async def signs_in(service: Stage, web: httpx.AsyncClient, watch: Watch) -> str:
    """Olga, here and in the browser; the key of her forms."""
    entered = await web.post(await service.sign_in_link())
    assert entered.status_code == 303, entered.text
    cookies = [{"name": name, "value": value, "url": watch.home} for name, value in web.cookies.items()]
    await watch.context.add_cookies(cookies)  # type: ignore[arg-type]  # a dict as good as theirs
    found = re.search(r'name="csrf" value="(\w+)"', (await web.get("/admin")).text)
    assert found
    return found[1]


@pytest.fixture
def watch(scene: Scene) -> Watch:
    """That has seen nothing yet."""
    scene.watch.ran.clear()
    scene.watch.strangers.clear()
    return scene.watch


@pytest.mark.parametrize("place", PLACES)
async def test_nothing_runs_and_nothing_is_added(scene: Scene, watch: Watch, place: str) -> None:
    calm = await PLACES[place](watch, scene.calm)
    assert len(calm) > 10
    hostile = await PLACES[place](watch, scene.hostile)
    ours = {"wbr"}  # where a long address may break
    assert hostile - calm - ours == {"alert(1)"}  # it is read there, and no more than that
    assert (watch.ran, watch.strangers) == ([], [])


async def test_the_same_texts_do_run_where_nobody_cleans_them(watch: Watch) -> None:
    """Else what looks on here would be blind."""
    words = await watch.holds(SHORT[:90])
    assert {"script", "img onerror", "svg onload", "base", "iframe srcdoc"} <= words
    assert len(set(watch.ran)) >= 20
    assert "http://mallory.example/x.css" in watch.strangers
