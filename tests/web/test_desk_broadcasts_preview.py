"""How a broadcast will look: in a frame in which nothing that was typed runs, whatever it is."""

import re
from html.parser import HTMLParser

import pytest

from newsletter.errors import BadInput
from newsletter.web.kit.text import clean
from tests.comments.payloads import FEW, SHORT
from tests.web.broadcaster import LETTER, Broadcaster, at_desk
from tests.web.stage import Stage


@pytest.fixture
async def desk(still: Stage) -> Broadcaster:
    return await at_desk(still)


async def test_what_is_typed_runs_nowhere(desk: Broadcaster) -> None:
    """In the frame, in the page that holds it, in the list."""
    calm = parts((await desk.sends("/preview", subject="x", body=CALM)).text)
    readable = [text for text in SHORT if is_readable(text)]
    assert len(readable) > 90
    for typed in [*FEW, "\n\n".join(readable)]:
        shown = await desk.sends("/preview", subject=typed.replace("\n", " ")[:300].strip(), body=typed)
        assert shown.status_code == 200, shown.text
        assert parts(shown.text) <= calm, typed
        assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'; style-src")
    subject = "</title><script>alert(1)</script><iframe srcdoc=x>"
    id = await desk.writes(subject=subject, body="</textarea><script>alert(1)</script>")
    for path in ("", f"/{id}", f"/{id}/send", f"/{id}/preview", f"/{id}/preview?look=text", f"/{id}/people"):
        found = parts(await desk.sees(path))
        assert not found & {("script", ""), ("iframe", "srcdoc")}, path


def is_readable(text: str) -> bool:
    """Whether a form takes it; what it doesn't is refused: tests/web/test_withstand.py."""
    try:
        clean(text, max_length=100_000, multiline=True)
    except BadInput:
        return False
    return True


CALM = """a [b](https://a.example/x "t"), *c* **d** ~~e~~ `f` https://g.example

## h
### i
#### j

> k
>
> - l
>   1. m

3. n

![o](https://a.example/o.png "p")

    q
***
r\\
s
"""


def parts(html: str) -> set[tuple[str, str]]:
    """Each element with the names of its attributes ('' for none), as a browser reads them."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {(tag, name) for name, _ in attrs or [("", None)]}
        for _, value in attrs:
            assert not (value or "").strip().lower().startswith("javascript:")


async def test_the_frame_shows_either_part_light_or_dark(desk: Broadcaster) -> None:
    html = (await desk.sends("/preview", scheme="light", **LETTER)).text
    assert "Hello there, a <strong>" in html
    assert "On work, friend" in html
    assert "@media (max-width:0)" in html
    dark = (await desk.sends("/preview", scheme="dark", **LETTER)).text
    assert "@media (min-width:0)" in dark
    assert "prefers-color-scheme" not in html + dark
    for unset in ({}, {"scheme": ""}, {"scheme": "sepia"}):
        assert "prefers-color-scheme" in (await desk.sends("/preview", **unset, **LETTER)).text
    text = (await desk.sends("/preview", look="text", **LETTER)).text
    assert "Hello there, a *thought*." in text or "Hello there, a thought." in text
    wrong = await desk.sends("/preview", **(LETTER | {"sender": "Ada"}))
    assert wrong.status_code == 422
    assert "The sender can" in wrong.text
    assert await desk.all() == []


async def test_it_goes_on_beside_a_text_that_is_kept(desk: Broadcaster) -> None:
    """Its form says which version it shows, whatever button is pressed: so after a copy that was refused."""
    refused = await desk.sends("/new", action="test", **(LETTER | {"body": "{{ nick }}"}))
    version = re.search(r'name="version" value="(\d+)"', refused.text)
    where = re.search(r'formaction="/admin/broadcasts(/preview)"', refused.text)
    assert version
    assert where
    shown = await desk.sends(where[1], version=version[1], look="html", at="", **LETTER)
    assert shown.status_code == 200, shown.text
    assert "Hello there, a <strong>" in shown.text


async def test_where_nothing_is_written_the_frame_says_what_will_be_seen(desk: Broadcaster) -> None:
    page = await desk.sees("/new")
    frame = re.search(r'<iframe name="preview" [^>]*src="/admin/broadcasts(/preview)"', page)
    assert frame
    seen = await desk.web.get(f"/admin/broadcasts{frame[1]}")
    assert "as soon as something is written" in seen.text
    assert seen.headers["Content-Security-Policy"].startswith("sandbox;")
    typed = await desk.sends("/new", action="look", **LETTER)
    assert 'src="/admin/broadcasts/preview"' not in typed.text
