"""What a page is made of in a real browser, and what ran in it: for pages that show what strangers wrote."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Route

RAN = "Something ran"
SECONDS = 30  # for one page; no page takes that long

# Every element with the names of its attributes, in shadow trees, templates and frames as well; of an address its
# scheme, and whose it is where the browser loads it by itself or sends something there; of a style all. Of the text
# whether it says what the hostile ones say.
_LOOK = """() => {
  const words = new Set(), events = ["mouseover", "focus", "toggle", "load", "error"]
  const whole = ["class", "http-equiv", "rel", "role", "style", "target", "type"]
  const leads = ["action", "background", "cite", "data", "formaction", "href", "poster", "src", "xlink:href"]
  const address = (element, name, value) => {
    try {
      const { protocol, origin } = new URL(value, document.baseURI)
      words.add(`${element.localName} ${name} ${element.localName === "a" ? protocol : origin}`)
    } catch { words.add(`${element.localName} ${name} broken`) }
  }
  const look = (root) => {
    if ((root.documentElement ?? root).textContent.includes("alert(1)")) words.add("alert(1)")
    for (const element of root.querySelectorAll("*")) {
      words.add(element.localName)
      for (const { name, value } of element.attributes) {
        words.add(`${element.localName} ${name}` + (whole.includes(name) ? `=${value}` : ""))
        if (leads.includes(name)) address(element, name, value)
      }
      for (const type of events) element.dispatchEvent(new Event(type))
      if (element.hasAttribute("onclick") || element.protocol === "javascript:") element.click()
      for (const inner of [element.shadowRoot, element.contentDocument]) if (inner) look(inner)
      if (element.content instanceof DocumentFragment) look(element.content)
    }
  }
  look(document)
  return [...words]
}"""


# Says in which of the page's frames, counted from its beginning; also of a frame in one of those.
_ALERT = f"""window.alert = () => {{
  let own = window
  while (own !== top && own.parent !== top) own = own.parent
  console.log("{RAN}", Array.from(top, (frame) => frame === own).indexOf(true))
}}"""
# A page of the author's: three lines of HTML.
_ARTICLE = """<!doctype html><meta charset="utf-8"><title>Blog</title>
<script src="{home}/embed.js" defer></script><newsletter-comments></newsletter-comments>"""


@dataclass
class Watch:
    """A browser whose pages may run whatever is in them: no policy of ours hides a fault of ours."""

    context: BrowserContext
    home: str  # the service's origin
    blog: str  # another one, where this answers as a server
    ran: list[str] = field(default_factory=list)  # and in which frame
    strangers: list[str] = field(default_factory=list)  # what was asked of neither the service nor the blog
    _held: str = ""

    async def begin(self) -> None:
        await self.context.add_init_script(_ALERT)
        self.context.on("console", self._said)
        await self.context.route(re.compile(f"^(?!{self.home}/|{self.blog}/|data:|blob:)"), self._refuse)

    def _said(self, message: ConsoleMessage) -> None:
        if message.text.startswith(RAN):
            self.ran.append(message.text)

    async def _refuse(self, route: Route) -> None:
        self.strangers.append(route.request.url)
        await route.abort()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The blog: all of its pages are articles but the one that holds what it is given."""
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        page = self._held if scope["path"] == "/held" else _ARTICLE.format(home=self.home)
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page.encode(errors="replace")})

    async def opens(self, urls: Sequence[str], *, wait: str = "") -> set[str]:
        """What the pages are made of, after every element was touched; `wait` is for what a script brings."""
        page = await self.context.new_page()
        page.on("dialog", lambda dialog: self.ran.append(dialog.message))
        found: set[str] = set()
        for url in urls:
            async with asyncio.timeout(SECONDS):
                await page.goto(url)
                if wait:
                    await page.locator(wait).first.wait_for(state="attached")
                found |= set(await page.evaluate(_LOOK))
        await page.close()
        return found

    async def holds(self, documents: Sequence[str]) -> set[str]:
        """The same for whole documents, each in a frame of its own that may do all."""
        frames = (f'<iframe srcdoc="{escape(document)}"></iframe>' for document in documents)
        return await self.shows(frames)

    async def shows(self, pieces: Iterable[str]) -> set[str]:
        """The same for pieces of HTML in one page, as whoever reads a feed puts them there."""
        self._held = f"<!doctype html><title>Held</title><div>{'</div><div>'.join(pieces)}</div>"
        return await self.opens([f"{self.blog}/held"])
