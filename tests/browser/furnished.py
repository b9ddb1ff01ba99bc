"""A service in which much has happened: what every page needs to be looked at, with names as long as life has them."""

from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from newsletter.addresses import parse
from newsletter.broadcasts import Draft
from newsletter.clock import DAY, HOUR
from newsletter.comments import Draft as Comment
from newsletter.ids import first_id, new_id
from newsletter.signups import Form
from newsletter.storage import Tx
from newsletter.subscribers import Status, imports, records
from newsletter.subscribers.store import counts
from newsletter.web.kit import broadcasting, importing, waiting_files
from tests.web.stage import FIREFOX, Stage

MANY = 64
STATES: list[Status] = ["active", "active", "active", "pending", "unsubscribed", "bounced", "complained"]
LONG_NAME = "Wilhelmina Featherstonehaugh-Oyelaran de la Cruz"
LONG_EMAIL = "wilhelmina.featherstonehaugh-oyelaran.de-la-cruz@correspondence.department.example.org"
LETTER = """# On keeping a box

Dear {{ first_name | "reader" }},

a job is *what you do this year*. A career is the box in which you keep what you learnt from it.

- Write down one thing a week, with its date.
- Read the box in January, before anybody asks you for a plan.

[The guide](https://example.org/guide) has a sheet for it."""
REPLY = "550 5.1.1 <ben@example.com>: Recipient address rejected: User unknown in virtual mailbox table"
FILE = "Email Address,First Name,A column with a rather long name\nada@x.example,Ada,Porto\nnonsense,,\n"


class Here(Stage):
    """The same service, whose visitors come to its own address as a browser does."""

    async def visitor(self, headers: Any = FIREFOX) -> httpx.AsyncClient:
        url = self.site.settings.public_url
        client = httpx.AsyncClient(base_url=url, headers=headers, timeout=30)
        return await self.opened.enter_async_context(client)


@dataclass
class Ids:
    """What the furniture goes by."""

    broadcasts: dict[str, int]  # by the state that each is in
    imports: dict[str, int]
    person: int  # whose page is long
    webhook: int
    comment: int


async def furnish(here: Here) -> Ids:
    """Beside what `opened` brings. Nothing of it is undone."""
    await _people(here)
    web = await here.visitor()
    await here.member(web, LONG_EMAIL, name="Wilhelmina")
    person = (await here.house.person(LONG_EMAIL)).id
    await here.site.db.write(_person, person)
    await here.site.db.write(_forms, here)
    ids = Ids(
        await _broadcasts(here), await _imports(here), person, await _webhook(here), await _comments(here)
    )
    readers = [(await here.house.person(f"reader-{n}@example.org")).id for n in range(3)]
    await here.site.db.write(_came_back, here, [person, *readers])
    return ids


async def _people(here: Here) -> None:
    async def add(tx: Tx) -> None:
        for n in range(MANY):
            state = STATES[n % len(STATES)]
            at = tx.now - n * DAY // 2
            await tx.run(
                """INSERT INTO subscribers (id, email, email_key, name, status, created_at, confirmed_at)
                   VALUES (:id, :email, :email, :name, :status, :at, :at)""",
                id=new_id(), email=f"reader-{n}@example.org", name=LONG_NAME if n == 1 else f"Reader {n}",
                status=state, at=at,
            )  # fmt: skip
            await counts.add(tx, counts.of_new([(state, at, at, None)]))

    await here.site.db.write(add)


async def _person(tx: Tx, id: int) -> None:
    fields = {"city": "Porto", "what_do_you_want_to_know_about_work": "How to begin. " * 12}
    await tx.run(
        "UPDATE subscribers SET name = :name, fields = :fields WHERE id = :id",
        name=LONG_NAME, fields=msgspec.json.encode(fields).decode(), id=id,
    )  # fmt: skip
    for name in ("coaching", "a-tag-that-somebody-wrote-without-any-space-in-it", "spring 2026"):
        await records.put_tag(tx, id, name)


async def _forms(tx: Tx, here: Here) -> None:
    """One that is closed, and one with every kind of field, in colours."""
    guide: Form = await here.site.forms.stored(tx, "guide")
    kinds = ("text", "choice", "number", "date", "yes_no")
    own = tuple(
        msgspec.structs.replace(
            guide.fields[0], name=f"own_{kind}", label=f"A question of the kind {kind.replace('_', ' or ')}", type=kind,
            help="A word that helps.", required=kind == "choice", options=("Porto", "Lisbon") * (kind == "choice"),
        )
        for kind in kinds
    )  # fmt: skip
    for slug, closed, fields in (("closed", True, ()), ("course", False, own)):
        form = msgspec.structs.replace(
            guide, id=new_id(), slug=slug, title="A course in spring", wording_id=new_id(), closed=closed,
            fields=(guide.fields[0], *fields), accent="#7a3b2e", background="#fff8f0",
        )  # fmt: skip
        await here.site.forms.make(tx, form)


async def _broadcasts(here: Here) -> dict[str, int]:
    """One in each state; those that were sent off have everybody's row, and some of them have failed."""
    site, made = here.site, {}
    for n, state in enumerate(("draft", "scheduled", "sending", "paused", "cancelled", "sent")):
        draft = Draft(
            subject=f"On keeping a box, {n}", body=f"{LETTER}\n\n{n}", preheader="A thought", archive=True
        )
        one = await site.db.write(site.broadcasts.new, draft)
        made[state] = one.id
        if state == "scheduled":
            await site.db.write(site.broadcasts.schedule, one.id, here.clock.now() + DAY)
        elif state != "draft":
            await broadcasting.send_off(site, one)
            await broadcasting.fill(site, one.id)
            await site.db.write(_turned, one.id, state)
    return made


async def _turned(tx: Tx, id: int, state: str) -> None:
    mailing = await tx.value("SELECT mailing_id FROM broadcasts WHERE id = :id", id=id)
    ids = [
        row.id
        for row in await tx.all(_Row, "SELECT id FROM outbox WHERE mailing_id = :m ORDER BY id", m=mailing)
    ]
    for n, row in enumerate(ids):
        how = ("sent", "sent", "failed", "sent", "in_doubt", "skipped", "deferred")[n % 7]
        if state == "sent" and how == "deferred":
            how = "sent"
        await tx.run(
            "UPDATE outbox SET state = :how, settled_at = :now, attempts = 1, reply = :reply WHERE id = :id",
            how=how, now=tx.now, reply=REPLY if how == "failed" else "250 2.0.0 Ok: queued as 4Zk2Q", id=row,
        )  # fmt: skip
    why = (
        "Its server refuses it: 550 5.7.1 Message rejected due to local policy." if state == "paused" else ""
    )
    held = {"paused": "held", "cancelled": "cancelled"}.get(state, "open")
    await tx.run(
        "UPDATE mailings SET state = :held, why = :why WHERE id = :id", held=held, why=why, id=mailing
    )
    await tx.run(
        "UPDATE broadcasts SET state = :state, sent_at = :at, finished_at = :at WHERE id = :id",
        state=state, at=tx.now - HOUR, id=id,
    )  # fmt: skip


async def _came_back(tx: Tx, here: Here, people: list[int]) -> None:
    """Providers in each kind of trouble, mailboxes that take nothing, one that is gone, and who is mailed no more."""
    providers = (
        ("gmail.com", "complaint", 2), ("outlook.com", "policy", 4), ("mail.department.example.net", "hard", 3),
        ("gmx.de", "soft", 5), ("web.de", "soft", 1), ("fastmail.com", "soft", 0),
    )  # fmt: skip
    for domain, kind, bad in providers:
        for n in range(40):
            id = new_id()
            await tx.run(
                """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before,
                                       created_at, settled_at, reply)
                   VALUES (:id, 'guide', 0, :to, '{}', :name, 'sent', 0, :at, :at, '250 2.0.0 Ok')""",
                id=id, to=f"r{n}@{domain}", name=f"<{id}@example.org>", at=tx.now - DAY,
            )  # fmt: skip
            if n < bad:
                await _bounce(tx, id, None, kind, "", "5.7.1", tx.now - DAY)
    for who in people:
        mails = await tx.all(
            _Row, "SELECT id FROM outbox WHERE subscriber_id = :id ORDER BY id DESC LIMIT 2", id=who
        )
        for n, mail in enumerate(mails):
            words = "452 4.2.2 The mailbox is full; the reader should delete some of what is in it."
            await _bounce(tx, mail.id, who, "soft", words, "4.2.2", tx.now - n * DAY)
    for email in ("gone@example.org", "away@example.org"):
        await here.site.post.suppress(tx, email, "bounced")
    await here.site.post.suppress(tx, "angry@example.org", "complained")
    await here.site.post.suppress(tx, "reader-5@example.org", "owner")
    await here.site.post.suppress(tx, "reader-3@example.org", "bounced", tx.now + 30 * DAY)


async def _bounce(tx: Tx, id: int, person: int | None, kind: str, words: str, status: str, at: int) -> None:
    await tx.run(
        """INSERT INTO bounces (outbox_id, kind, subscriber_id, status, words, sent_at, at)
           VALUES (:id, :kind, :person, :status, :words, :at, :at) ON CONFLICT DO NOTHING""",
        id=id, kind=kind, person=person, status=status, words=words, at=at,
    )  # fmt: skip


class _Row(msgspec.Struct):
    id: int


async def _imports(here: Here) -> dict[str, int]:
    site, made = here.site, {}
    taken_in = await site.db.write(imports.uploads.add, "one.csv", 1)
    await site.db.write(_taken_in, taken_in)
    waiting_files.folder(site.settings).mkdir(exist_ok=True)
    for state in ("uploaded", "checking", "checked", "importing", "failed"):
        id = await site.db.write(
            imports.uploads.add, "A file with a rather long name, of 2026.csv", len(FILE)
        )
        importing.place(site.settings, id).write_text(FILE, "utf-8")
        await site.db.write(_stands, id, state)
        made[state] = id
    return made


async def _taken_in(tx: Tx, upload: int) -> None:
    """Some days ago, so that nobody of those who are here was brought by it."""
    at = tx.now - 5 * DAY
    tally = msgspec.json.encode(imports.Tally({"active": 1000})).decode()
    await tx.run(
        """INSERT INTO imports (id, sha256, plan, people, unreadable, tally, state, created_at, updated_at)
           VALUES (:id, '', '{}', 1000, 0, :tally, 'done', :at, :at)""",
        id=first_id(at), tally=tally, at=at,
    )  # fmt: skip
    await tx.run(
        "UPDATE import_uploads SET import_id = :import, choice = :choice WHERE id = :id",
        **{"import": first_id(at)},
        id=upload,
        choice='{"preset": "mailchimp"}',
    )


async def _stands(tx: Tx, id: int, state: str) -> None:
    tally = imports.Tally({"active": 1200, "unsubscribed": 34}, 5, 6, 7)
    refused = [imports.Refused(n, "This is no address that mail can be sent to.") for n in range(3, 40)]
    await tx.run(
        """UPDATE import_uploads SET state = :state, why = :why, people = 2000, position = 750, tally = :tally,
               refused = :refused WHERE id = :id""",
        state=state, why="Line 7 can’t be read." if state == "failed" else "", id=id,
        tally=msgspec.json.encode(tally).decode(), refused=msgspec.json.encode(refused).decode(),
    )  # fmt: skip


async def _webhook(here: Here) -> int:
    id = new_id()

    async def add(tx: Tx) -> None:
        await tx.run(
            """INSERT INTO webhooks (id, url, events, since, noted_to, created_at) VALUES
               (:id, :url, 'subscriber.confirmed', :now, :now, :now)""",
            id=id, url=f"https://{'long-' * 10}name.example/hooks/newsletter", now=tx.now,
        )  # fmt: skip
        for n, state in enumerate(("queued", "sent", "failed")):
            await tx.run(
                """INSERT INTO webhook_deliveries (id, webhook_id, event, subject_id, at, state, attempts, not_before,
                       tried_at, status, took, answer)
                   VALUES (:id, :webhook, 'subscriber.confirmed', :n, :now, :state, :n, :now, :now, :status, 120,
                       :answer)""",
                id=new_id(), webhook=id, state=state, n=n, status=(0, 200, 503)[n], now=tx.now,
                answer="The server says that it is too busy, and that somebody should come back later." * 2,
            )  # fmt: skip

    await here.site.db.write(add)
    return id


async def _comments(here: Here) -> int:
    """A thread with answers in it, some that wait, and spam. The id of one that waits."""
    site, first = here.site, 0
    url = f"{here.site.settings.allowed_origins[0]}/on-work"
    for n in range(9):
        text = f"{n}. I kept such a box too, for *nine* years. What helped me was to date every sheet.\n\n> Read it."
        long = "https://example.org/" + "a-long-way-down/" * 8
        words = Comment(
            raw=text + (f"\n\n{long}" if n == 2 else ""), url=url, title="On keeping a box",
            name=LONG_NAME if n == 1 else f"Reader {n}", address=parse(f"reader-{n}@example.org"),
            parent_id=first if n in (3, 4) else None,
        )  # fmt: skip
        made = await site.db.write(site.comments.write, words)
        await site.db.write(site.comments.confirm, made.id, 1)
        if n < 6:
            await site.db.write(site.moderation.approve, made.id)
        elif n == 6:
            await site.db.write(site.moderation.spam, made.id)
        first = made.id if n == 1 else first
    return made.id
