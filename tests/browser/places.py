"""Every place that shows a comment, as a browser reads it: what each is made of, for what one sender sent."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default as modern
from urllib.parse import urlencode

import msgspec

from newsletter.comments import as_json, as_wxr
from newsletter.mail.claims import Delivery
from newsletter.mail.messages import Messages
from tests.browser.hostile import Sender, readable, together
from tests.browser.watching import Watch
from tests.cast import Mailed
from tests.web.stage import BEN, OLGA, Stage

ATOM = "{http://www.w3.org/2005/Atom}"
WORDPRESS = "{http://wordpress.org/export/1.2/}"


@dataclass
class Scene:
    watch: Watch
    calm: Sender
    hostile: Sender


Place = Callable[[Watch, Sender], Awaitable[set[str]]]


async def thread_pages(watch: Watch, sender: Sender) -> set[str]:
    return await watch.opens(_threads(watch, sender, "page"))


def _threads(watch: Watch, sender: Sender, shape: str) -> list[str]:
    return [f"{watch.home}/threads/{shape}?{urlencode({'url': url})}" for url in sender.articles]


async def frames(watch: Watch, sender: Sender) -> set[str]:
    return await watch.opens(_threads(watch, sender, "embed"))


async def articles(watch: Watch, sender: Sender) -> set[str]:
    """With our script's thread in its shadow tree."""
    return await watch.opens(sender.articles, wait="newsletter-comments form")


async def feeds(watch: Watch, sender: Sender) -> set[str]:
    """As XML that a browser opens, and as a reader of feeds that trusts what is said to be HTML."""
    urls = _threads(watch, sender, "feed")
    found = await watch.opens(urls)
    entries = [entry for url in urls for entry in ET.fromstring(await _got(sender, url)).iter(f"{ATOM}entry")]
    return found | await watch.shows(entry.findtext(f"{ATOM}content", "") for entry in entries)


async def _got(sender: Sender, url: str) -> str:
    answer = await sender.web.get(url)
    assert answer.status_code == 200
    return answer.text


async def previews(watch: Watch, sender: Sender) -> set[str]:
    """As pages, and as our script shows them."""
    asked = [await sender.posts("/comments/preview", {"comment": text}) for text in sender.few]
    found = await watch.shows(answer.json()["html"] for answer in asked)
    return found | await watch.holds(await _posted(sender, "/comments/preview", "ada@example.org"))


async def _posted(sender: Sender, path: str, email: str) -> list[str]:
    names = ("title", "name", "website", "comment", "parent", "redirect_to", "token", "follow")
    forms = [
        {"url": sender.articles[1], **dict.fromkeys(names, readable(text)), "email": email or readable(text)}
        for text in sender.few
    ]
    answers = await together(sender.web.post(path, data=form) for form in forms)
    assert {answer.status_code for answer in answers} <= {200, 422}
    return [answer.text for answer in answers]


async def refused_forms(watch: Watch, sender: Sender) -> set[str]:
    """All that was typed comes back, the address too."""
    return await watch.holds(await _posted(sender, "/comments", ""))


async def own_pages(watch: Watch, sender: Sender) -> set[str]:
    """The waiting page, which tells a title alone, the page to change it, and where the mail to confirm it leads."""
    sent = await _got(sender, f"/comments/sent/{sender.tokens[0]}")
    return await watch.holds([sent, *sender.edited, *sender.asked])


async def queue(watch: Watch, sender: Sender) -> set[str]:
    return await watch.opens([f"{watch.home}/admin/comments?before={sender.waiting[-1] + 1}"])


async def single_pages(watch: Watch, sender: Sender) -> set[str]:
    return await watch.holds([await _got(sender, f"/admin/comments/{id}") for id in sender.waiting])


async def mailed_pages(watch: Watch, sender: Sender) -> set[str]:
    """What the owner's mail leads to."""
    tokens, now = sender.service.site.tokens, sender.service.clock.now()
    paths = [f"/comments/moderate/{tokens.make('moderate', id, now=now)}" for id in sender.waiting]
    return await watch.holds([await _got(sender, path) for path in paths])


async def mails(watch: Watch, sender: Sender) -> set[str]:
    """Those about what waits, and about what is new."""
    found = [mail for mail in await sender.service.house.mails() if mail.id in sender.mails]
    assert {mail.recipient for mail in found} >= {OLGA, BEN}
    return await watch.holds([_html(sender.service, mail) for mail in found])


def _html(service: Stage, mail: Mailed) -> str:
    at = service.clock.now()
    row = Delivery(
        id=mail.id, message=mail.message, priority=0, recipient=mail.recipient, context=mail.context,
        message_id=mail.message_id, created_at=at, attempts=0, resends=0, claimed_at=at,
    )  # fmt: skip
    content = Messages(service.site.settings, service.site.tokens).build(row)
    part = message_from_bytes(content, policy=modern).get_body(("html",))
    assert part is not None
    return str(part.get_content())


async def exports(watch: Watch, sender: Sender) -> set[str]:
    """Read back whole, and what they say is HTML, by whoever trusts it."""
    db = sender.service.site.db
    said = [msgspec.json.decode(line) for line in (await _whole(as_json(db))).splitlines()]
    wxr = ET.fromstring(await _whole(as_wxr(db)))
    content = [one.findtext(f"{WORDPRESS}comment_content", "") for one in wxr.iter(f"{WORDPRESS}comment")]
    assert len(content) == len(said)
    own = [one["html"] for one in said if one["url"] in sender.articles]
    assert len(own) > 2 * len(sender.texts) * 0.8
    assert set(own) <= set(content)
    return await watch.shows(own)


async def _whole(pieces: AsyncIterator[tuple[int, bytes]]) -> bytes:
    return b"".join([piece async for _, piece in pieces])


PLACES: dict[str, Place] = {
    place.__name__: place
    for place in (
        thread_pages, frames, articles, feeds, previews, refused_forms, own_pages, queue, single_pages,
        mailed_pages, mails, exports,
    )
}  # fmt: skip
