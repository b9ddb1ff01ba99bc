"""What a webhook is told: each thing that happens, once, in words that are ours and signed, and of nobody too much."""

import re
from types import SimpleNamespace
from typing import Any

from newsletter import webhooks
from newsletter.addresses import parse
from newsletter.clock import DAY, HOUR, MINUTE
from newsletter.comments import Draft
from newsletter.ids import new_id
from newsletter.mail.bounces.model import Kind
from newsletter.web.kit import people
from newsletter.webhooks import secret_of
from tests.conftest import ON_ONE
from tests.house.source import ROOT
from tests.subscribers.test_returns import comes, mailed, take
from tests.webhooks.conftest import Post, rounds_of

ADA, BEN, CLEO, DORA = "ada@example.net", "ben@example.net", "cleo@example.net", "dora@example.net"
ARTICLE = "https://blog.example.org/on-work"


async def _comment(post: Post) -> int:
    site = post.house.site
    draft = Draft(
        raw="I *agree*.", url=ARTICLE, title="On work", parent_id=None, name="Ada", address=parse(ADA),
        website="", follow="",
    )  # fmt: skip
    id = (await post.db.write(site.comments.write, draft)).id
    await post.db.write(site.comments.confirm, id, 1)
    await post.db.write(site.moderation.approve, id)
    return id


async def _broadcast(post: Post) -> None:
    await post.run(
        """INSERT INTO broadcasts (id, slug, subject, body, state, created_at, updated_at, sent_at, finished_at)
           VALUES (:id, 'on-work', 'On work', 'Hello', 'sent', :now, :now, :now, :now)""",
        id=new_id(),
        now=post.clock.now(),
    )


async def _comes_back(post: Post, email: str, kind: Kind) -> None:
    await post.house.joins(email)
    assert await take(post.house, comes(post.house, await mailed(post.house, email), kind)) == "suppressed"


async def _told(post: Post) -> list[tuple[str, Any]]:
    return [(got.json["type"], got.json["data"]) for got in await post.goes()]


async def test_each_thing_that_happens_is_told_once(post: Post) -> None:
    site = post.house.site
    await post.house.joins(DORA)  # before there was one to be told
    post.clock.forward(HOUR)
    await post.hook()
    await post.house.joins(ADA, "Ada")
    told = await _told(post)
    ada = await post.house.person(ADA)
    assert [(event, data["id"], data["email"], data["name"], data["status"]) for event, data in told] == [
        ("subscriber.confirmed", str(ada.id), ADA, "Ada", "active")
    ]
    assert await post.goes(MINUTE) == []

    await post.house.joins(BEN)
    await post.db.write(site.subscribers.unsubscribe, (await post.house.person(BEN)).id, "page")
    await _comes_back(post, CLEO, "hard")
    await _comes_back(post, "eve@example.net", "complaint")
    await _broadcast(post)
    comment = await _comment(post)
    told = await _told(post)
    assert sorted((event, data.get("status", "")) for event, data in told) == [
        ("broadcast.finished", ""),
        ("comment.published", ""),
        ("subscriber.bounced", "bounced"),
        ("subscriber.complained", "complained"),
        ("subscriber.confirmed", "bounced"),
        ("subscriber.confirmed", "complained"),
        ("subscriber.confirmed", "unsubscribed"),
        ("subscriber.unsubscribed", "unsubscribed"),
    ]
    said = dict(told)["comment.published"]
    assert (said["id"], said["url"], said["text"], said["name"]) == (
        str(comment),
        ARTICLE,
        "I *agree*.",
        "Ada",
    )
    assert ADA not in str(said)
    assert await post.goes(MINUTE) == []
    assert await post.goes(DAY) == []

    await post.db.write(people.erase, site, ada.id)
    assert await _told(post) == [("subscriber.erased", {"id": str(ada.id)})]
    assert await _told(post) == []


@ON_ONE
async def test_nobodys_address_is_kept_for_it_and_who_is_erased_is_not_told_any_more(post: Post) -> None:
    hook = await post.hook()
    post.receiver.script[:] = [b"HTTP/1.1 500 X\r\n\r\nWhat is %b here?" % ADA.encode()]
    await post.house.joins(ADA)
    assert len(await post.goes()) == 1
    (waits,) = await post.log(hook)
    assert (waits.state, waits.answer) == ("queued", "What is … here?")
    assert "@" not in str(waits)
    person = await post.house.person(ADA)
    await post.db.write(people.erase, post.house.site, person.id)
    (last,) = await post.goes(DAY)
    assert last.json["data"] == {"id": str(person.id)}
    assert [one.event for one in await post.log(hook)] == ["subscriber.erased"]


@ON_ONE
async def test_only_what_was_chosen_and_only_since(post: Post) -> None:
    hook = await post.hook("subscriber.unsubscribed")
    await post.house.joins(ADA)
    assert await post.goes() == []
    events = ["subscriber.confirmed", "subscriber.unsubscribed"]
    await post.db.write(webhooks.change, hook.id, hook.url, events, "off", local=True)
    post.clock.forward(HOUR)
    await post.house.joins(BEN)
    assert await post.goes() == []
    post.clock.forward(HOUR)
    await post.db.write(webhooks.change, hook.id, hook.url, events, "on", local=True)
    await post.house.joins(CLEO)
    assert [got.json["data"]["email"] for got in await post.goes()] == [CLEO]


@ON_ONE
async def test_what_a_clock_that_was_wrong_wrote_is_found_too(post: Post) -> None:
    """Another node is two hours behind: within the hour a whole day is looked at again."""
    await post.hook("subscriber.confirmed")
    post.clock.forward(3 * HOUR)
    await post.house.joins(ADA)
    assert len(await post.goes()) == 1
    post.clock.forward(-2 * HOUR)
    await post.house.joins(BEN)
    post.clock.forward(2 * HOUR)
    await post.house.joins(CLEO)
    assert len(await post.goes()) == 1
    post.rounds = rounds_of(post.house)  # as each is an hour later
    assert [got.json["data"]["email"] for got in await post.goes()] == [BEN]


def _written(post: Post) -> Any:
    """The function that docs/webhooks.md shows."""
    (code,) = re.findall(r"```python\n(.+?)```", (ROOT / "docs/webhooks.md").read_text("utf-8"), re.DOTALL)
    named: dict[str, Any] = {}
    exec(code, named)
    named["time"] = SimpleNamespace(time=lambda: post.clock.now() / 1000)
    return named["is_genuine"]


@ON_ONE
async def test_who_gets_it_can_see_that_it_is_from_us(post: Post) -> None:
    holds, tokens = _written(post), post.house.site.tokens
    hook = await post.hook()
    first = secret_of(tokens, hook.id, 1)
    assert re.fullmatch(r"whsec_[\w+/]{43}=", first)
    second = secret_of(tokens, hook.id, 2)

    await post.db.write(webhooks.try_out, hook.id)
    (got,) = await post.goes()
    assert (got.json["type"], got.json["data"]["message"]) == ("webhook.test", "It works.")
    assert holds(first, got.headers, got.body)
    assert not holds(second, got.headers, got.body)
    assert not holds(first, got.headers, got.body + b" ")
    assert not holds(first, {**got.headers, "webhook-id": "msg_1"}, got.body)
    post.clock.forward(HOUR)
    assert not holds(first, got.headers, got.body)

    await post.db.write(webhooks.rotate, hook.id)
    await post.db.write(webhooks.try_out, hook.id)
    (got,) = await post.goes()
    assert holds(first, got.headers, got.body)
    assert holds(second, got.headers, got.body)
    post.clock.forward(DAY)
    await post.db.write(webhooks.try_out, hook.id)
    (got,) = await post.goes()
    assert not holds(first, got.headers, got.body)
    assert holds(second, got.headers, got.body)
