"""What comes back of what was sent: a door for a mail server, and one for a pipe."""

import asyncio
from contextlib import suppress
from functools import partial
from typing import BinaryIO, Literal

import click

from newsletter import settings
from newsletter.app import running
from newsletter.cli.site import with_site
from newsletter.errors import NewsletterError, Unavailable
from newsletter.mail.bounces import mailbox
from newsletter.mail.bounces.listener import LARGEST, Door, listening
from newsletter.mail.bounces.model import Report
from newsletter.mail.bounces.report import read as understand
from newsletter.storage import Tx
from newsletter.web import process
from newsletter.web.kit.answering import said_by_mail
from newsletter.web.kit.fetching_mail import Poll
from newsletter.web.kit.site import Site


class _LaterError(click.ClickException):
    """Whoever pipes a mail here keeps it, and tries again."""

    exit_code = 75  # EX_TEMPFAIL


_KINDS = {
    "hard": "The address is gone",
    "soft": "The address can’t take mail now",
    "policy": "A server refuses us, not the reader",
    "complaint": "A reader called it spam",
    "auto": "An automatic answer, or a delay",
    "unknown": "Nothing that a mail server says of a mail that came back",
}
_EFFECTS = {
    "suppressed": "It is mailed no more.",
    "noted": "It is noted.",
    "ignored": "Nothing follows from it.",
}


@click.group()
def bounces() -> None:
    """What comes back of what was sent: who can’t be reached, and who calls it spam."""


@bounces.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8024, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
def listen(host: str, port: int) -> None:
    """Take the bounce domain’s mail, by SMTP or LMTP. A mail server hands it over, until it is stopped."""
    chosen = settings.load()
    if not chosen.bounce_domain:
        raise click.ClickException(
            "NEWSLETTER_BOUNCE_DOMAIN must name the domain whose mail comes back here."
        )
    process.run(_listen(chosen, host, port))


async def _listen(chosen: settings.Settings, host: str, port: int) -> None:
    with process.stop_signals(_hurry) as stopped:
        async with running(chosen, worker=False, migrate=False) as site:

            async def take(report: Report) -> str:
                return await site.db.write(site.returns.take, report)

            listener = process.listen(host, port)
            where = "{}:{}".format(*listener.getsockname()[:2])
            door = Door(chosen.bounce_domain, site.tokens, take, answer=partial(said_by_mail, site))
            async with listening(door, listener):
                click.echo(f"Taking the mail of {chosen.bounce_domain} on {where}.", err=True)
                await stopped.wait()


@bounces.command()
@click.option("--once", is_flag=True, help="One round, for a timer; else until it is stopped.")
@click.option(
    "--every",
    default=60,
    show_default=True,
    type=click.IntRange(5, 86_400),
    help="Seconds between two rounds.",
)
def poll(once: bool, every: int) -> None:
    """Take what comes back from a mailbox, by IMAP or POP. NEWSLETTER_BOUNCE_MAILBOX names it.

    What is in the ledger is deleted there; what is nothing of ours stays. --once ends with 75 where it can’t be read.
    """
    chosen = settings.load()
    if not chosen.bounce_mailbox:
        raise click.ClickException("NEWSLETTER_BOUNCE_MAILBOX must name the mailbox that bounces come to.")
    try:
        url = mailbox.read_url(chosen.bounce_mailbox)
    except NewsletterError as error:
        raise click.ClickException(error.sentence) from None
    process.run(_poll(chosen, url, once, every))


async def _poll(chosen: settings.Settings, url: mailbox.Url, once: bool, every: int) -> None:
    with process.stop_signals(_hurry) as stopped:
        async with running(chosen, worker=False, migrate=False) as site:
            polling = Poll(site, url)
            while not stopped.is_set():
                try:
                    done = await polling.once()
                    if once or done.read:
                        click.echo(f"{done.read} read, {done.taken} of them of mails of ours.", err=not once)
                except (mailbox.Trouble, Unavailable) as error:
                    if once:
                        raise _LaterError(error.sentence) from None
                    click.echo(error.sentence, err=True)
                if once:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopped.wait(), every)


def _hurry() -> None:
    raise KeyboardInterrupt


@bounces.command()
@click.argument("file", type=click.File("rb"))
@click.option("--to", "recipient", default="", help="The envelope’s recipient, where the pipe knows it.")
def read(file: BinaryIO, recipient: str) -> None:
    """Take one mail that came back, and say what follows. FILE is where it is; - is a pipe.

    Ends with 75 where the database can’t be reached now, so that a mail server keeps the mail and tries again.
    """
    mail = file.read(LARGEST)
    if recipient.lower().startswith("reply+"):
        said = with_site(said_by_mail, recipient, mail)
        if said.startswith("4"):
            raise _LaterError(said)
        click.echo(said)
        return
    report = understand(mail, recipient)
    try:
        effect = with_site(_take, report)
    except click.ClickException as error:
        raise _LaterError(error.message) from None
    click.echo(f"{_KINDS[report.kind]}. {_EFFECTS[effect]}")


async def _take(site: Site, report: Report) -> str:
    return await site.db.write(_follow, site, report) or "ignored"


async def _follow(tx: Tx, site: Site, report: Report) -> str | Literal[False]:
    """False where nothing follows: then nothing is noted either."""
    effect = await site.returns.take(tx, report)
    return False if effect == "ignored" else effect
