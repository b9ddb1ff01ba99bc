"""Writing to many from a terminal. A broadcast is named by its number, or by the file that it is written in."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from newsletter import clock
from newsletter.addresses import parse
from newsletter.broadcasts import Broadcast, Draft, draft_of, read_draft
from newsletter.cli.site import with_site
from newsletter.errors import BadInput, NewsletterError
from newsletter.subscribers import segments
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site

T = TypeVar("T")

SAMPLE = """---
subject: What I learned this month
preheader: The line that mail programs show beside the subject
# Who gets it; everybody who is active, if you leave it out. See docs/segments.md.
# audience: tag:coaching and joined > 2026-01-01
archive: no
---

Hello {{ first_name | "there" }},

write here, in **Markdown**. A [link](https://example.org) looks like this.
"""


@click.group()
def broadcast() -> None:
    """Write to everybody who confirmed: look at it, try it, send it, stop it."""


@broadcast.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def new(file: Path) -> None:
    """Keep FILE as a draft and print its number; where there is no FILE yet, write one to begin with."""
    if not file.exists():
        file.write_text(SAMPLE, "utf-8")
        click.echo(f"{file} is there to be written in. Then: newsletter broadcast preview {file}")
        return
    kept = with_site(_keep, _read(file))
    click.echo(kept.id)


@broadcast.command()
@click.argument("which")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML part here.")
def preview(which: str, html: Path | None) -> None:
    """Print the text part as a reader without a name sees it, and all that is to say about it."""
    subject, plain, page, findings = with_site(_preview, _named(which))
    click.echo(f"Subject: {subject}\n\n{plain}")
    if html:
        html.write_text(page, "utf-8")
    for sentence in findings:
        click.echo(sentence, err=True)


@broadcast.command()
@click.argument("which")
@click.option("--to", help="Another address than the owner's.")
def test(which: str, to: str | None) -> None:
    """Mail one copy to yourself."""
    sent_to = with_site(_test, _named(which), to)
    click.echo(f"One copy goes to {sent_to} as soon as a worker runs.")


@broadcast.command()
@click.argument("which")
@click.option("--at", help="When, like “2026-12-01 09:00”, in NEWSLETTER_TIME_ZONE. Else now.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def send(which: str, at: str | None, yes: bool) -> None:
    """Send it to its audience, after a question."""
    named = _named(which)
    subject, people, warnings, when = with_site(_about, named, at)
    for sentence in warnings:
        click.echo(sentence, err=True)
    if not yes:
        click.confirm(f"Send “{subject}” to {people} people{_moment(when)}?", abort=True)
    sent = with_site(_send, named, at)
    click.echo(f"It is on its way. Look at it with: newsletter broadcast status {sent.id}")


@broadcast.command()
@click.argument("number", type=int, required=False)
@click.option("--people", type=click.Choice(["sent", "failed", "in_doubt", "skipped", "queued", "deferred"]))
def status(number: int | None, people: str | None) -> None:
    """How far it has come; with --people who has that state, and why. Without NUMBER all of them."""
    if number is None:
        for line in with_site(_all):
            click.echo(line)
        return
    for line in with_site(_people, number, people) if people else with_site(_status, number):
        click.echo(line)


def _turning(name: str, done: str, help: str) -> None:
    """The commands that need a number and nothing else."""

    @broadcast.command(name, help=help)
    @click.argument("number", type=int)
    def turn(number: int) -> None:
        with_site(_turn, name, number)
        click.echo(done)

    assert turn


_turning("pause", "It stands. Go on with: newsletter broadcast resume", "Begin nothing more of it.")
_turning("resume", "It goes on.", "Let a paused one go on from where it was.")


@broadcast.command()
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Don't ask.")
def cancel(number: int, yes: bool) -> None:
    """End it for good: who has not got it never does."""
    if not yes:
        click.confirm("Cancel it for good?", abort=True)
    with_site(_turn, "cancel", number)
    click.echo("It is cancelled.")


@broadcast.command()
@click.argument("number", type=int)
@click.option("--in-doubt", is_flag=True, help="Those that may have arrived, instead of those that failed.")
def retry(number: int, in_doubt: bool) -> None:
    """Send once more what failed, with the same bytes."""
    again = with_site(_retry, number, "in_doubt" if in_doubt else "failed")
    click.echo(f"{again} go out once more.")


def _read(file: Path) -> Draft:
    try:
        return read_draft(file.read_text("utf-8"))
    except NewsletterError as error:
        raise click.ClickException(f"{file}: {error.sentence}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file} can't be read: {error}") from None


def _named(which: str) -> int | Draft:
    return (
        int(which) if which.isascii() and which.isdigit() and not Path(which).exists() else _read(Path(which))
    )


async def _draft(site: Site, named: int | Draft) -> Draft:
    return named if isinstance(named, Draft) else draft_of(await site.db.read(site.broadcasts.find, named))


async def _keep(site: Site, draft: Draft) -> Broadcast:
    return await site.db.write(site.broadcasts.new, draft)


async def _preview(site: Site, named: int | Draft) -> tuple[str, str, str, list[str]]:
    letter, findings = broadcasting.looked_over(site, await _draft(site, named))
    subject, plain, html = letter.seen_by({"email": site.settings.owner_email or "you@example.org"})
    return subject, plain, html, [f"{finding.level}: {finding.sentence}" for finding in findings]


async def _test(site: Site, named: int | Draft, to: str | None) -> str:
    address = to or site.settings.owner_email
    if not address:
        raise BadInput("Say with --to where it goes: NEWSLETTER_OWNER_EMAIL is not set.")
    email = parse(address).email
    await broadcasting.send_sample(site, await _draft(site, named), email)
    return email


async def _about(
    site: Site, named: int | Draft, at: str | None
) -> tuple[str, int, list[str], datetime | None]:
    """What is to be known before it is sent. Raises BadInput for what can't be."""
    draft = await _draft(site, named)
    broadcasting.frozen(site, draft)
    letter, findings = broadcasting.looked_over(site, draft)
    audience = segments.parse(draft.audience)

    people = await site.db.read(segments.count, audience, mailable=True)
    return (
        letter.subject,
        people,
        [f"{one.level}: {one.sentence}" for one in findings],
        _when(site, draft, at),
    )


async def _send(site: Site, named: int | Draft, at: str | None) -> Broadcast:
    draft = await _draft(site, named)
    kept = (
        await _keep(site, draft)
        if isinstance(named, Draft)
        else await site.db.read(site.broadcasts.find, named)
    )
    if when := _when(site, draft, at):
        await site.db.write(site.broadcasts.schedule, kept.id, int(when.timestamp() * 1000))
    else:
        await broadcasting.send_off(site, kept)
        await broadcasting.fill(site, kept.id)
    return kept


def _when(site: Site, draft: Draft, at: str | None) -> datetime | None:
    """A time without an offset is the owner's; one that a clock skips in spring is that much later."""
    try:
        when = datetime.fromisoformat(at) if at else draft.send_at
    except ValueError:
        raise BadInput("--at is written like 2026-12-01 09:00.") from None
    if when and when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(site.settings.time_zone))
    return when


def _moment(when: datetime | None) -> str:
    return f" at {when:%Y-%m-%d %H:%M %Z}" if when else " now"


async def _all(site: Site) -> list[str]:
    return [
        f"{one.id}  {one.state:<10} {clock.iso(one.sent_at or one.send_at or one.created_at)}  {one.subject}"
        for one in await site.db.read(site.broadcasts.newest)
    ]


async def _status(site: Site, number: int) -> list[str]:
    found, tally, why = await site.db.read(site.broadcasts.standing, number)
    counts = [f"{count:>9} {name.replace('_', ' ')}" for name, count in tally.items() if count]
    return [f"{found.subject}: {found.state}{f'. {why}' if why else ''}", *counts]


async def _people(site: Site, number: int, state: str) -> list[str]:
    lines: list[str] = []
    after = 0
    while rows := await site.db.read(site.broadcasts.people, number, state, after):
        lines += [
            f"{one.email or '(forgotten)'}  {clock.iso(one.at) if one.at else ''}  {one.reply}"
            for one in rows
        ]
        after = rows[-1].id
    return lines


async def _turn(site: Site, name: str, number: int) -> None:
    verbs: dict[str, Callable[..., Any]] = {
        "pause": site.broadcasts.pause,
        "resume": site.broadcasts.resume,
        "cancel": site.broadcasts.cancel,
    }
    await site.db.write(verbs[name], number)


async def _retry(site: Site, number: int, state: str) -> int:
    return await site.db.write(site.broadcasts.retry, number, state)
