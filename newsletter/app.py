"""The service put together: one process that answers, mails and tidies up after itself."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

from litestar import Litestar, Router
from litestar.exceptions import HTTPException

from newsletter import clock, words
from newsletter.addresses import parse
from newsletter.broadcasts import TOPIC as BROADCASTS
from newsletter.broadcasts import Broadcasts, Letters
from newsletter.comments import TOPIC as COMMENTS
from newsletter.comments import Comments, Importing, Moderation, Notices, Persons, Threads
from newsletter.errors import BadInput, MigrationError, NewsletterError
from newsletter.magnets import Magnets, telling
from newsletter.mail import Mailings, Post, Worker, domain_counts, prune
from newsletter.owners import ApiTokens, Owners
from newsletter.sequences import Sequences
from newsletter.settings import Settings
from newsletter.signups import GUIDE, Forms, Signups, seed
from newsletter.storage import Database, delete_old_copies, named, open_database, pending
from newsletter.storage import migrate as bring_up_to_date
from newsletter.subscribers import Returns, Subscribers, Suppressions, bulk_waits, file_waits, keep_counts
from newsletter.tokens import Tokens
from newsletter.web import public
from newsletter.web.kit import broadcasting, owner_settings, problems, sequencing, waiting_files
from newsletter.web.kit.counting import counting
from newsletter.web.kit.edge import Edge, pass_on
from newsletter.web.kit.failures import account
from newsletter.web.kit.gate import Gate
from newsletter.web.kit.late import Late
from newsletter.web.kit.pages import Pages
from newsletter.web.kit.site import Site

log = logging.getLogger(__name__)

TIDY_EVERY = 60.0  # seconds between two rounds of reminders and purges
LOOK_EVERY = 1.0  # seconds until a broadcast that another process has sent off is seen, or a step that is due

LEDGER_KEPT = 90 * clock.DAY


def create_app(settings: Settings, *, worker: bool = True, migrate: bool = True) -> Edge:
    """The ASGI app; its lifespan opens the database, brings it up to date, seeds it, and runs the worker."""
    words.speak(settings.language)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with running(settings, worker=worker, migrate=migrate) as site, counting(site):
            app.state["site"] = site
            yield

    app = _litestar(public.routes(), lifespan)

    def desk() -> Litestar:
        admin = importlib.import_module("newsletter.web.admin")
        made = _litestar(admin.routes())
        made.state["site"] = admin.site(app.state["site"])
        return made

    def failure(*said: Any) -> str:
        site: Site = app.state["site"]
        return site.pages.failure(*said)

    def late(part: str, name: str = "Door") -> Late:
        return Late(lambda: getattr(importlib.import_module(part), name)(app.state["site"]))

    api, hooks = late("newsletter.web.api.door"), late("newsletter.web.hooks.door")
    metrics = late("newsletter.web.metrics", "Metrics")
    return Edge(app, settings, page=failure, desk=Late(desk), api=api, hooks=hooks, metrics=metrics)


def _litestar(routes: Router, *lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]]) -> Litestar:
    return Litestar(
        route_handlers=[routes],
        lifespan=lifespan,
        exception_handlers={
            NewsletterError: problems.on_newsletter_error,
            HTTPException: problems.on_http_exception,
            Exception: pass_on,
        },
        openapi_config=None,
        logging_config=None,
        request_max_body_size=None,  # the edge counts, while the body streams
    )


@asynccontextmanager
async def running(settings: Settings, *, worker: bool, migrate: bool) -> AsyncIterator[Site]:
    """The whole service but for its web: what `serve`, the worker and the command line stand on."""
    site = await open_site(settings, migrate=migrate)
    try:
        async with owner_settings.following(site), working(site) if worker else nullcontext():
            yield site
    finally:
        await site.db.close()


@asynccontextmanager
async def working(site: Site) -> AsyncIterator[None]:
    """The worker and the chores, until the block ends; what is on the wire is finished first."""
    sender = Worker(site.db, site.settings, site.tokens, asks=True)
    chores = {
        "worker": sender.run(),
        "tidy": tidy(site),
        "tell": tell(site),
        "broadcast": broadcast(site),
        "sequence": sequence(site),
        "import": take_in(site),
        "bulk": change_many(site),
        "webhooks": tell_programs(site),
    }
    tasks = [asyncio.create_task(work, name=name) for name, work in chores.items()]
    try:
        yield
    finally:
        await sender.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def open_site(settings: Settings, *, migrate: bool) -> Site:
    """The database at the right version, with everything that works on it. Raises MigrationError, Unavailable."""
    await prepare(settings.database_url, apply=migrate)
    db = await open_database(settings.database_url)
    try:
        site = put_together(settings, db)
        await fill(site)
        await owner_settings.follow(site)
    except BaseException:
        await db.close()
        raise
    return site


async def prepare(url: str, *, apply: bool) -> None:
    """Brings the database up to date, or refuses one that isn't. Raises MigrationError."""
    if apply:
        await bring_up_to_date(url)
    elif waiting := await pending(url):
        raise MigrationError(f"The database waits for {named(waiting)}. Run: newsletter migrate")


def put_together(settings: Settings, db: Database) -> Site:
    words.speak(settings.language)
    tokens = Tokens(settings.secret_keys)
    post = Post(settings, tokens)
    subscribers = Subscribers(tokens, post)
    returns = Returns(tokens, post, settings.owner_email)
    magnets = Magnets(post)
    forms = Forms(db, magnets)
    comments = Comments(settings, tokens, post)
    mailings = Mailings(settings)
    return Site(
        settings=settings,
        db=db,
        tokens=tokens,
        post=post,
        subscribers=subscribers,
        returns=returns,
        suppressions=Suppressions(post, subscribers),
        magnets=magnets,
        signups=Signups(settings, post, subscribers, magnets, forms),
        forms=forms,
        owners=Owners(post),
        api_tokens=ApiTokens(tokens),
        comments=comments,
        threads=Threads(),
        moderation=Moderation(comments, post),
        notices=Notices(settings, post),
        importing=Importing(comments, post),
        persons=Persons(post),
        mailings=mailings,
        broadcasts=Broadcasts(mailings),
        letters=Letters(settings),
        sequences=Sequences(mailings),
        pages=Pages(settings),
        gate=Gate(settings, tokens),
    )


async def fill(site: Site) -> None:
    """What a fresh database starts with, and the owner whom the settings name."""
    guide = await asyncio.to_thread(GUIDE.read_bytes)
    try:
        await site.db.write(seed, site.magnets, guide)
    except BadInput:
        log.info("Another process is filling this database.")
    if site.settings.owner_email:
        await site.db.write(site.owners.ensure, parse(site.settings.owner_email))


async def tidy(site: Site) -> None:
    """Reminds and purges, round after round."""
    while True:
        await survived(tidy_once(site), "Tidying up")
        await asyncio.sleep(TIDY_EVERY)


async def tell(site: Site) -> None:
    """Mails that comments cause, as soon as there is one to tell of."""
    while True:
        await survived(tell_of_comments(site), "Telling of comments")
        await site.db.wait(COMMENTS, TIDY_EVERY)


async def broadcast(site: Site) -> None:
    """What is due is sent off, and what is on its way gets its rows; another process's too."""
    while True:
        await survived(broadcasting.keep_going(site), "A broadcast")
        await site.db.wait(BROADCASTS, LOOK_EVERY)


async def sequence(site: Site) -> None:
    """Who is to begin one begins, and who comes to its next step gets that."""
    rounds = sequencing.Rounds(site)
    while True:
        await survived(rounds.once(), "A sequence")
        await asyncio.sleep(LOOK_EVERY)


async def take_in(site: Site) -> None:
    """Files of subscribers that an owner has sent to the desk."""
    while True:
        await survived(take_in_files(site), "An import")
        await site.db.wait("imports", LOOK_EVERY)


async def change_many(site: Site) -> None:
    """What an owner does to many subscribers at once."""
    while True:
        await survived(go_on_with_many(site), "A change of many subscribers")
        await site.db.wait("bulk", LOOK_EVERY)


async def tell_programs(site: Site) -> None:
    """Webhooks are told what happened. They are no part of our start: what sends to them is loaded after it."""
    await asyncio.sleep(LOOK_EVERY)
    part = await asyncio.to_thread(importlib.import_module, "newsletter.webhooks.rounds")
    rounds = part.Rounds(site.db, site.tokens, site.settings, site.post)
    try:
        while True:
            await survived(rounds.once(), "Telling webhooks")
            await site.db.wait("webhooks", LOOK_EVERY)
    finally:
        await rounds.stop()


async def survived(work: Coroutine[Any, Any, None], what: str) -> None:
    """A round that fails is told and tried again."""
    try:
        await work
    except NewsletterError as error:
        log.warning("%s has to wait: %s", what, error.sentence)
    except Exception as error:  # noqa: BLE001  a fault of our own: told, and tried again
        sentence = "%s failed; it is tried again in a minute.\n%s"
        log.error(sentence, what, account(error))  # noqa: TRY400  its own words may hold an address


async def tidy_once(site: Site) -> None:
    while await site.db.write(site.returns.look):
        pass
    await site.db.write(site.signups.remind)
    while traces := await site.db.write(site.signups.purge):
        await site.scrub(traces, copies=False)  # those go by age: somebody is purged every day
    while await site.db.write(site.notices.purge):
        pass
    await telling.go_on(site.db, site.post, site.magnets)
    await keep_counts(site.db)
    await domain_counts.keep(site.db)
    if await site.db.read(site.subscribers.scrub_due):  # copies: else an erasure has deleted them a day ago
        await site.scrub(copies=await site.db.read(site.subscribers.scrub_left_over))
    await site.db.write(prune, clock.now() - LEDGER_KEPT)
    await asyncio.to_thread(delete_old_copies, site.settings.database_url)
    await waiting_files.sweep(site)


async def take_in_files(site: Site) -> None:
    if await site.db.read(file_waits):
        importing = importlib.import_module("newsletter.web.kit.importing")  # a twentieth of our start
        await importing.keep_going(site)


async def go_on_with_many(site: Site) -> None:
    if await site.db.read(bulk_waits):
        await importlib.import_module("newsletter.web.kit.changing_many").keep_going(site)


async def tell_of_comments(site: Site) -> None:
    """Followers hear of what is public, the owner of what waits."""
    while await site.db.write(site.notices.tell_followers):
        pass
    if site.settings.owner_email:
        await site.db.write(site.notices.tell_owner, parse(site.settings.owner_email))
