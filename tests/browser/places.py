"""Every place that shows a comment, as a browser reads it: what each is made of, for what one sender sent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.browser.hostile import Sender
from tests.browser.watching import Watch


@dataclass
class Scene:
    watch: Watch
    calm: Sender
    hostile: Sender


Place = Callable[[Watch, Sender], Awaitable[set[str]]]


async def thread_pages(watch: Watch, sender: Sender) -> set[str]:
    return await watch.opens(
        [f"{watch.home}/threads/page?{urlencode({'url': url})}" for url in sender.articles]
    )


PLACES: dict[str, Place] = {place.__name__: place for place in (thread_pages,)}
