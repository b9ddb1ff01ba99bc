"""Writing to many from a terminal. A broadcast is named by its number, or by the file that it is written in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from newsletter import clock
from newsletter.addresses import parse
from newsletter.broadcasts import (
    Broadcast,
    Draft,
    Numbers,
    archive,
    doubts,
    draft_of,
    numbers,
    read_draft,
    write_draft,
)
from newsletter.cli import sending
from newsletter.cli.site import with_site
from newsletter.errors import BadInput, NewsletterError
from newsletter.ids import read_id
from newsletter.mail import Tally
from newsletter.mail.responses import RESPONSES
from newsletter.web.kit import broadcasting
from newsletter.web.kit.site import Site

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

NUMBER = click.IntRange(1, 2**63 - 1)


@click.group()
def broadcast() -> None:
    """Write to everybody who confirmed: look at it, try it, send it, stop it."""


@broadcast.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def new(file: Path) -> None:
    """Keep FILE as a draft and print its number. Where there is no FILE yet, write one to begin with."""
    if not os.path.exists(file):  # noqa: PTH110  a Path raises for a name that no file can have
        _write(file, SAMPLE)
        click.echo(f"{file} is there to be written in. Then: newsletter broadcast preview {file}")
        return
    draft = _read(file)
    click.echo(with_site(_keep, draft).id)
    if draft.send_at:
        click.echo(
            "A draft waits for you: its send_at is not kept. Say --at when you send it by its number.",
            err=True,
        )


@broadcast.command()
@click.argument("which")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the HTML part here.")
def preview(which: str, html: Path | None) -> None:
    """Print the text of WHICH, a file or a number. It is as a nameless reader sees it, with all that is to say."""
    subject, plain, page, findings = with_site(_preview, _named(which))
    click.echo(f"Subject: {subject}\n\n{plain}")
    if html:
        _write(html, page)
        click.echo(f"The HTML part is in {html}.", err=True)
    for sentence in findings:
        click.echo(sentence, err=True)
    if any(sentence.startswith("error") for sentence in findings):
        raise click.ClickException("It can't be sent as it is.")


@broadcast.command()
@click.argument("which")
@click.option("--to", help="Another address than the owner's.")
def test(which: str, to: str | None) -> None:
    """Mail one copy of WHICH, a file or a number, to yourself."""
    sent_to = with_site(_test, _named(which), to)
    click.echo(f"One copy goes to {sent_to} as soon as a worker runs.")


@broadcast.command()
@click.argument("which")
@click.option("--at", help="When, like “2026-12-01 09:00”, in NEWSLETTER_TIME_ZONE. Else now.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--again", is_flag=True, help="Also where the very same was sent before.")
def send(which: str, at: str | None, yes: bool, again: bool) -> None:
    """Send WHICH, a file or a number, after a question. Its audience gets it."""
    plan = with_site(sending.plan, _named(which), at)
    for sentence in plan.warnings:
        click.echo(sentence, err=True)
    if yes and plan.before and not again:
        raise click.ClickException(f"{plan.before} Say --again if everybody shall get it once more.")
    then = f"at {plan.when:%Y-%m-%d %H:%M %Z}" if plan.when else "now"
    people = "1 person" if plan.people == 1 else f"{plan.people:,} people"
    if not yes:
        click.confirm(f"{plan.before} Send “{plan.subject}” to {people} {then}?".lstrip(), abort=True)
    number = with_site(sending.send, plan)
    said = f"It goes out to {people} {then}." if plan.when else f"It is on its way to {people}."
    click.echo(f"{said} Look at it with: newsletter broadcast status {number}")
    if not plan.when:
        with_site(sending.fill, number)


@broadcast.command()
@click.argument("number", type=NUMBER, required=False)
@click.option("--people", type=click.Choice([*Tally.__struct_fields__]), help="Who has this state, and why.")
def status(number: int | None, people: str | None) -> None:
    """How far it has come; with --people who has that state, and why. Without NUMBER all of them."""
    if number is None and people:
        raise click.UsageError("Say of which broadcast: newsletter broadcast status lists their numbers.")
    if number is None:
        for line in with_site(_all) or [
            "There is no broadcast yet. Begin one: newsletter broadcast new letter.md"
        ]:
            click.echo(line)
        return
    for line in with_site(_people, number, people) if people else with_site(_status, number):
        click.echo(line)


@broadcast.command()
@click.argument("number", type=NUMBER)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def duplicate(number: int, file: Path) -> None:
    """Write the words of one into a new FILE, to send as another."""
    if os.path.exists(file):  # noqa: PTH110  as in `new`
        raise click.ClickException(f"{file} is there already. Name a file that is not.")
    _write(file, write_draft(with_site(_draft, number)))
    click.echo(
        f"{file} says the same, and is nothing that was sent. Then: newsletter broadcast preview {file}"
    )


def _turning(name: str, done: str, help: str) -> None:
    """The commands that need a number and nothing else."""

    @broadcast.command(name, help=help)
    @click.argument("number", type=NUMBER)
    def turn(number: int) -> None:
        with_site(_turn, name, number)
        click.echo(done.format(number))

    assert turn


_turning("pause", "It is paused. Go on with: newsletter broadcast resume {}", "Begin nothing more of it.")
_turning("resume", "It goes on.", "Let a paused one go on from where it was.")


@broadcast.command()
@click.argument("number", type=NUMBER)
@click.option("--yes", is_flag=True, help="Don't ask.")
def cancel(number: int, yes: bool) -> None:
    """End it for good: who has not got it never does. One that is only scheduled is a draft again."""
    if not yes:
        click.confirm("Cancel it for good?", abort=True)
    click.echo(with_site(_cancel, number))


@broadcast.command()
@click.argument("number", type=NUMBER)
@click.option("--in-doubt", is_flag=True, help="Those that may have arrived, instead of those that failed.")
def retry(number: int, in_doubt: bool) -> None:
    """Send once more what failed, with the same bytes."""
    again = with_site(_retry, number, "in_doubt" if in_doubt else "failed")
    click.echo("1 goes out once more." if again == 1 else f"{again:,} go out once more.")


def _read(file: Path) -> Draft:
    try:
        return read_draft(file.read_text("utf-8"))
    except NewsletterError as error:
        raise click.ClickException(f"{file}: {error.sentence}") from None
    except OSError as error:
        raise click.ClickException(f"{file} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} can't be read: it is no text in UTF-8.") from None


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{file} can't be written: {error.strerror}.") from None


def _named(which: str) -> int | Draft:
    id = None if os.path.exists(which) else read_id(which)  # noqa: PTH110  as in `new`
    return _read(Path(which)) if id is None else id


async def _draft(site: Site, named: int | Draft) -> Draft:
    return named if isinstance(named, Draft) else draft_of(await site.db.read(site.broadcasts.find, named))


async def _keep(site: Site, draft: Draft) -> Broadcast:
    return await site.db.write(site.broadcasts.new, draft)


async def _preview(site: Site, named: int | Draft) -> tuple[str, str, str, list[str]]:
    draft = await _draft(site, named)
    letter, findings = broadcasting.looked_over(site, draft)
    findings += await site.db.read(doubts, draft.audience)
    values = {"email": site.settings.owner_email or "you@example.org"}
    subject, plain, _ = letter.seen_by(values, sending.OWN_LINK)
    _, _, html = letter.seen_by(values)
    return subject, plain, html, [f"{finding.level}: {finding.sentence}" for finding in findings]


async def _test(site: Site, named: int | Draft, to: str | None) -> str:
    address = to or site.settings.owner_email
    if not address:
        raise BadInput("Say with --to where it goes: NEWSLETTER_OWNER_EMAIL is not set.")
    email = parse(address).email
    await broadcasting.send_sample(site, await _draft(site, named), email)
    return email


async def _all(site: Site) -> list[str]:
    return [
        f"{one.id}  {one.state:<10} {clock.iso(one.sent_at or one.send_at or one.created_at)}  {_title(one)}"
        for one in await site.db.read(site.broadcasts.newest)
    ]


def _title(one: Broadcast) -> str:
    """The words that the desk has for it."""
    return archive.line(one.subject) or "Without a subject"


async def _status(site: Site, number: int) -> list[str]:
    found = await site.db.read(site.broadcasts.find, number)
    seen = await site.db.read(numbers, site.mailings, number)
    when = ""
    if found.state == "scheduled" and found.send_at:
        when = f" for {broadcasting.moment(site.settings, clock.moment(found.send_at)):%Y-%m-%d %H:%M %Z}"
    return [f"{_title(found)}: {found.state}{when}{f'. {seen.why}' if seen.why else ''}", *_counts(seen)]


def _counts(seen: Numbers) -> Iterator[str]:
    """A line for each number that is not 0."""
    for name, count in msgspec.structs.asdict(seen.tally).items():
        if count:
            yield f"{count:>9,} {name.replace('_', ' ')}"
    for wait in seen.waits:
        yield f"{'':>17} {wait}"
    for why, count in seen.skips.items():
        yield f"{count:>17,} skipped: {why}"
    for link in seen.clicks:
        yield f"{link.clicks:>9,} followed {link.url}"
    for name in RESPONSES:
        if count := getattr(seen, name):
            yield f"{count:>9,} {name}"


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
    verbs: dict[str, Callable[..., Any]] = {"pause": site.broadcasts.pause, "resume": site.broadcasts.resume}
    await site.db.write(verbs[name], number)


async def _cancel(site: Site, number: int) -> str:
    if (await site.db.read(site.broadcasts.find, number)).state == "scheduled":
        await site.db.write(site.broadcasts.unschedule, number)
        return "It is a draft again, and goes out at no time."
    await site.db.write(site.broadcasts.cancel, number)
    await sending.see_to_rows(site)
    return "It is cancelled."


async def _retry(site: Site, number: int, state: str) -> int:
    again = await broadcasting.send_again(site, number, state)
    await sending.see_to_rows(site)
    return again
