"""Somebody who sends the same texts through every door to the comments, in every field that takes them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from newsletter.addresses import parse
from newsletter.clock import MINUTE
from newsletter.comments import Draft, Imported, Policy, canonical_url, in_order, read
from newsletter.errors import BadInput
from newsletter.tokens import Purpose
from newsletter.web.kit.site import Site
from tests.comments.imports.exports import WXR_END, WXR_HEAD, wxr_comment
from tests.web.saying import numbers
from tests.web.stage import ADA, BEN, OLGA, Stage

T = TypeVar("T")

IN_A_MAIL = 10
TOGETHER = 8
_FIELDS = {"title": 300, "name": 80, "website": 200, "comment": 10_000}
_CALM = {"title": "On work", "name": "Ada", "website": "https://ada.example.org/"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass
class Sender:
    """`kind` tells one sender from another; `few` of the texts go where each costs more."""

    service: Stage
    web: httpx.AsyncClient  # signed in at the desk
    csrf: str
    kind: str
    texts: Sequence[str]
    few: Sequence[str]
    articles: list[str] = field(default_factory=list)  # with public comments
    tokens: list[str] = field(default_factory=list)  # that lead to comments of their own
    asked: list[str] = field(default_factory=list)  # pages that ask whose a comment is, and that thank
    edited: list[str] = field(default_factory=list)  # pages that show a text to be changed, and its preview
    waiting: list[int] = field(default_factory=list)  # ids of comments
    mails: set[int] = field(default_factory=set)  # ids

    async def sends_all(self, folder: Path) -> None:
        before = {mail.id for mail in await self.service.house.mails()}
        await self._set_policy("none")
        await self._is_known(ADA)
        await self._is_known(BEN)
        await self._fills_forms()
        await together(self._edits(text) for text in self.few)
        await together(self._talks_the_owner_into_it(text) for text in self.few)
        await self._is_imported(folder)
        while await self._site.db.write(self._site.notices.tell_followers):
            pass
        await self._waits()
        self.mails = {mail.id for mail in await self.service.house.mails()} - before

    @property
    def _site(self) -> Site:
        return self.service.site

    async def _set_policy(self, policy: Policy) -> None:
        await self._site.db.write(self._site.moderation.set_options, policy, 3, 1_000, 0, "")

    def article(self, door: str, n: int = 0) -> str:
        """With one of the texts in its address, as it is or escaped, where it may stand in one at all."""
        (blog,) = self._site.settings.allowed_origins
        plain = f"{blog}/{self.kind}/{door}/{n}"
        text = readable(self.texts[n])[:100]
        for url in (f"{plain}?a={text}", f"{plain}?a={quote(text)}", plain):
            try:
                canonical = self._canonical(url)
            except BadInput:
                continue
            if canonical not in self.articles and door != "wait":
                self.articles.append(canonical)
            return canonical
        raise AssertionError(plain)

    def _canonical(self, url: str) -> str:
        return canonical_url(url, self._site.settings.allowed_origins)

    async def _is_known(self, email: str) -> None:
        await self._says(self.article("told"), email, f"First, by {self.kind}.")
        if self.kind == "calm":
            await self._site.db.write(self._site.comments.confirm, *await numbers(self.service, email))

    async def _says(self, url: str, email: str, raw: str, **more: Any) -> int:
        draft = Draft(url=url, name=email.partition("@")[0].title(), address=parse(email), raw=raw, **more)
        return int((await self._site.db.write(self._site.comments.write, draft)).id)

    async def _fills_forms(self) -> None:
        """The few once more, in a thread that Ben follows."""
        sent = await together(self.writes(self.article("form"), text) for text in self.texts)
        self.tokens = [token for token in sent if token]
        assert len(self.tokens) > len(self.texts) * 0.8
        await self._says(self.article("told"), BEN, "I follow.", follow="thread")
        await together(self.writes(self.article("told"), text) for text in self.few)

    async def writes(self, url: str, text: str, **more: str) -> str:
        """The token of a comment, with the text wherever it is taken; '' where it can't even so be kept."""
        fields = {name: text[:most] for name, most in _FIELDS.items()} | {"url": url, "email": ADA, **more}
        answer = await self.posts("/comments", fields)
        if answer.status_code == 422:
            calm = {**_CALM, "comment": f"Calm, in place of number {self.texts.index(text)}."}
            fields |= {name: calm[name] for name in answer.json()["errors"]}
            answer = await self.posts("/comments", fields)
        assert answer.status_code in (201, 202, 409), answer.text
        return str(answer.json().get("edit", ""))

    async def posts(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """As JSON, in which every text can be said."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return await self.web.post(path, content=json.dumps(fields), headers=headers)

    async def _edits(self, text: str) -> None:
        draft = f"Wrogn, {self.few.index(text)}."
        id = await self._says(self.article("few"), ADA, draft, title=readable(text))
        path = f"/comments/edit/{self._token('comment-edit', id)}"
        assert (await self.posts(path, {"comment": text})).status_code == 200
        page = await self.web.post(path, data={"comment": text, "do": "preview"})
        assert page.status_code == 200
        self.edited.append(page.text)

    def _token(self, purpose: Purpose, *ids: int) -> str:
        return self._site.tokens.make(purpose, *ids, now=self.service.clock.now())

    async def _talks_the_owner_into_it(self, text: str) -> None:
        """An answer, and an edit of somebody's words."""
        id = await self._says(self.article("few"), ADA, f"Number {self.few.index(text)}.")
        for sent in ({"action": "reply", "comment": text}, {"action": "edit", "raw": text}):
            answer = await self.web.post(f"/admin/comments/{id}", data={"csrf": self.csrf, **sent})
            assert answer.status_code == 303, answer.text

    async def _is_imported(self, folder: Path) -> None:
        for system, export in EXPORTS.items():
            path = folder / f"{self.kind}-{system}"
            article, texts = ("all", self.texts) if system == "wordpress" else ("few", self.few)
            path.write_text(export(self.article(article), [readable(text) for text in texts], self.kind))
            found = [one for one in in_order(read(path)) if isinstance(one, Imported)]
            assert len(found) > len(texts) * 0.8
            results = await self._site.db.write(self._site.importing.keep, found, self._canonical)
            assert [one.skipped for one in results if one.skipped] == []

    async def _waits(self) -> None:
        """Strangers' comments, confirmed, that wait for the owner: told by mail, some in each.

        By turns under a page that has a title, and under one that goes by its address.
        """
        await self._set_policy("all")
        for n, text in enumerate(self.few):
            email = f"{self.kind}-{n}@example.org"
            article = self.article("wait", n) if n % 2 else self.article("told")
            assert await self.writes(article, text, email=email, comment=f"{text}\n\nBy a stranger.")
            ids = await numbers(self.service, email)
            path = f"/comments/confirm/{self._token('comment', *ids)}"
            pages = [await self.web.get(path), await self.web.post(path)]
            assert {page.status_code for page in pages} == {200}
            self.asked += [page.text for page in pages]
            self.waiting.append(ids[0])
            if n % IN_A_MAIL == IN_A_MAIL - 1 or text is self.few[-1]:
                self.service.clock.forward(16 * MINUTE)
                assert await self._site.db.write(self._site.notices.tell_owner, parse(OLGA))


def readable(text: str) -> str:
    """Without halves of characters, which no UTF-8 can hold."""
    return text.encode(errors="replace").decode()


async def together(work: Iterable[Awaitable[T]]) -> list[T]:
    """Some at a time: writers that wait together share their commits."""
    free = asyncio.Semaphore(TOGETHER)

    async def one(waiting: Awaitable[T]) -> T:
        async with free:
            return await waiting

    return await asyncio.gather(*map(one, work))


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("", text), quote=False)


def _wordpress(url: str, texts: list[str], kind: str) -> str:
    comments = []
    for n, said in enumerate(map(_xml, texts), 1 if kind == "calm" else 1_000):
        comment = wxr_comment(n, "", author=said, author_email=said, author_url=said)
        comments.append(comment.replace("<![CDATA[]]>", said, 1))
    head = f"<item><title>{_xml(texts[0])}</title><link>{escape(url)}</link>"
    return WXR_HEAD + head + "".join(comments) + "</item>" + WXR_END


def _disqus(url: str, texts: list[str], kind: str) -> str:
    thread = f'<thread dsq:id="{kind}"><link>{escape(url)}</link><title>{_xml(texts[0])}</title></thread>'
    posts = [
        f'<post dsq:id="{kind}{n}"><message>{text}</message><createdAt>2021-03-02T12:00:00Z</createdAt><author>'
        f'<email>{text}</email><name>{text}</name></author><thread dsq:id="{kind}"/></post>'
        for n, text in enumerate(map(_xml, texts))
    ]
    spaces = 'xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals"'
    return f"<disqus {spaces}>{thread}{''.join(posts)}</disqus>"


def _isso(url: str, texts: list[str], kind: str) -> str:
    names = ("text", "author", "email", "website")
    comments = [
        {"id": n, "created": "2021-03-02 12:00:00", **dict.fromkeys(names, text)}
        for n, text in enumerate(texts)
    ]
    return json.dumps([{"id": url, "title": texts[0], "comments": comments}])


def _remark42(url: str, texts: list[str], kind: str) -> str:
    """By turns as the Markdown that was typed, and as HTML alone."""
    lines: list[dict[str, Any]] = [{"version": 1, "users": [], "posts": []}]
    for n, text in enumerate(texts):
        typed = {"orig": text} if n % 2 else {}
        known = {
            "user": {"name": text},
            "locator": {"url": url},
            "time": "2021-03-02T12:00:00Z",
            "title": text,
        }
        lines.append({"id": f"{kind}{n}", "text": text, **typed, **known})
    return "\n".join(map(json.dumps, lines))


EXPORTS: dict[str, Callable[[str, list[str], str], str]] = {
    "wordpress": _wordpress,
    "disqus": _disqus,
    "isso": _isso,
    "remark42": _remark42,
}
