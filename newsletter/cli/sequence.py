"""Mails that follow by themselves, from a terminal: a folder of steps, loaded, looked at, turned on and off."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from newsletter import clock
from newsletter.addresses import parse
from newsletter.cli import sending
from newsletter.cli.site import with_site
from newsletter.errors import BadInput
from newsletter.paths import TEMPLATES
from newsletter.sequences import BEFORE_THE_FIRST, Count, Loaded, Sequence, Standing, read_folder, say_delay
from newsletter.web.kit import broadcasting, sequencing
from newsletter.web.kit.site import Site


@click.group()
def sequence() -> None:
    """Mails that follow by themselves, one after the other, when somebody confirms, gets a tag or takes a guide."""


@sequence.command("list")
def list_() -> None:
    """All sequences, what starts them, and whether they are on."""
    found = with_site(_all)
    for one in found:
        click.echo(f"{one.slug}  {one.state}  starts by {one.started_by}{f'  {one.why}' if one.why else ''}")
    if not found:
        click.echo("There is no sequence yet. Begin one: newsletter sequence new welcome")


@sequence.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def new(folder: Path) -> None:
    """Write FOLDER with three mails to begin with. They follow the guide."""
    try:
        shutil.copytree(TEMPLATES / "sequences" / sequencing.WELCOME, folder)
    except FileExistsError:
        raise click.ClickException(f"{folder} is there already. Nothing was written.") from None
    except OSError as error:
        raise click.ClickException(f"{folder} can't be written: {error.strerror}.") from None
    click.echo(f"{folder} is there to be written in. Then: newsletter sequence preview {folder}")


@sequence.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def preview(folder: Path) -> None:
    """Print its mails, and all that is to say about them. They are as a reader without a name would get them."""
    texts, findings = with_site(_preview, folder)
    click.echo("\n\n".join(texts))
    for sentence in findings:
        click.echo(sentence, err=True)
    if any(sentence.startswith("error") for sentence in findings):
        raise click.ClickException("It can't be sent as it is.")


@sequence.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", help="Another address than the owner's.")
def test(folder: Path, to: str | None) -> None:
    """Mail one copy of each step to yourself."""
    count, sent_to = with_site(_test, folder, to)
    click.echo(
        f"{'1 copy goes' if count == 1 else f'{count} copies go'} to {sent_to} as soon as a worker runs."
    )


@sequence.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def load(folder: Path) -> None:
    """Take FOLDER in: the sequence of its name is as its files say.

    Who has not come to a step yet gets it as it is then. Nobody gets one twice.
    """
    loaded, warnings = with_site(_load, folder)
    for sentence in warnings:
        click.echo(f"warning: {sentence}", err=True)
    parts = {"new": loaded.added, "changed": loaded.changed, "removed": loaded.removed}
    said = "; ".join(f"{word}: {', '.join(names)}" for word, names in parts.items() if names)
    click.echo(f"{loaded.sequence.slug}: {said or 'nothing has changed'}.")
    if loaded.sequence.state == "off":
        click.echo(f"It is off. Turn it on with: newsletter sequence on {loaded.sequence.slug}")


@sequence.command()
@click.argument("name")
@click.option("--since", help="Also for whom it would have started since that day, like 2026-12-01.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def on(name: str, since: str | None, yes: bool) -> None:
    """It starts for everybody who does what starts it from now on. Who is in it goes on."""
    found, people = with_site(_asked, name, since)
    if people and not yes:
        count = "1 person" if people == 1 else f"{people:,} people"
        click.confirm(f"{count} did what starts it since {since}, and would begin now. Go on?", abort=True)
    with_site(_turn_on, name, since)
    again = f" or since {since}" if since else ""
    click.echo(f"It is on: it starts by {found.started_by}, from now on{again}.")


@sequence.command()
@click.argument("name")
def off(name: str) -> None:
    """It starts for nobody and sends nothing. Who is in it keeps their place."""
    with_site(sequencing.turn_off, name)
    click.echo(f"It is off. Turn it on with: newsletter sequence on {name}")


@sequence.command()
@click.argument("name")
def status(name: str) -> None:
    """Who has come how far, and what became of each step's mails."""
    for line in _lines(with_site(_standing, name)):
        click.echo(line)


@sequence.command()
@click.argument("name")
@click.option("--in-doubt", is_flag=True, help="Those that may have arrived, instead of those that failed.")
def retry(name: str, in_doubt: bool) -> None:
    """Send once more what failed in the last 30 days. It has the same bytes."""
    again = with_site(_retry, name, "in_doubt" if in_doubt else "failed")
    click.echo("1 goes out once more." if again == 1 else f"{again:,} go out once more.")


def _lines(now: Standing) -> list[str]:
    one = now.sequence
    lines = [f"{one.slug}: {one.state}, starts by {one.started_by}{f'. {one.why}' if one.why else ''}"]
    lines.append(f"{_counted(now.people, BEFORE_THE_FIRST, 'running'):>9,} wait for the first step")
    for step in now.steps:
        gone = " (removed)" if step.removed else ""
        sent = [f"{c.count:,} {c.state.replace('_', ' ')}" for c in now.sends if c.step_id == step.id]
        waiting = _counted(now.people, step.id, "running")
        lines.append(
            f"{waiting:>9,} stand at {step.slug}{gone}: {step.subject}  [{', '.join(sent) or 'none sent'}]"
        )
    for state, words in (
        ("finished", "are through"),
        ("stopped", "go no further: they left, or may not be mailed"),
    ):
        lines.append(f"{sum(c.count for c in now.people if c.state == state):>9,} {words}")
    return lines


def _counted(counts: list[Count], step_id: int, state: str) -> int:
    return sum(one.count for one in counts if (one.step_id, one.state) == (step_id, state))


async def _all(site: Site) -> list[Sequence]:
    return await site.db.read(site.sequences.all)


async def _preview(site: Site, folder: Path) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    sentences: list[str] = []
    for step in read_folder(folder).steps:
        letter, findings = sequencing.looked_over(site, step)
        values = {"email": site.settings.owner_email or "you@example.org"}
        subject, plain, _ = letter.seen_by(values, sending.OWN_LINK)
        after = "after the one before" if texts else "after it starts"
        texts.append(f"== {step.slug}, {say_delay(step.delay)} {after}\nSubject: {subject}\n\n{plain}")
        sentences += [f"{one.level}: {step.slug}: {one.sentence}" for one in findings]
    return texts, sentences


async def _test(site: Site, folder: Path, to: str | None) -> tuple[int, str]:
    address = to or site.settings.owner_email
    if not address:
        raise BadInput("Say with --to where it goes: NEWSLETTER_OWNER_EMAIL is not set.")
    email = parse(address).email
    plan, _ = sequencing.read(folder, site)
    for step in plan.steps:
        await broadcasting.send_sample(site, sequencing.as_draft(step), email)
    return len(plan.steps), email


async def _load(site: Site, folder: Path) -> tuple[Loaded, list[str]]:
    plan, warnings = sequencing.read(folder, site)
    return await sequencing.load(site, plan), warnings


async def _asked(site: Site, name: str, since: str | None) -> tuple[Sequence, int]:
    found = await site.db.read(site.sequences.find, name)
    if since is None:
        return found, 0
    return found, await site.db.read(site.sequences.waiting, found, _moment(site, since))


async def _turn_on(site: Site, name: str, since: str | None) -> None:
    await sequencing.turn_on(site, name, _moment(site, since) if since else None)


async def _retry(site: Site, name: str, state: str) -> int:
    again = await site.db.read(site.sequences.again, name, state)
    await site.db.write(site.sequences.retry, name, state)
    await sending.see_to_rows(site)
    return again


async def _standing(site: Site, name: str) -> Standing:
    return await site.db.read(site.sequences.standing, name)


def _moment(site: Site, day: str) -> int:
    """Its first moment, as the owner's clock shows it, in ms. Raises BadInput."""
    try:
        first = date.fromisoformat(day.strip())
        at = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(site.settings.time_zone))
        ms = int(at.astimezone(UTC).timestamp()) * clock.SECOND
    except (ValueError, OverflowError):
        raise BadInput("--since is a day, like 2026-12-01.") from None
    if ms > clock.now():  # it would be on, and start for nobody until then
        raise BadInput("--since is a day that has begun already. Without it, it starts from now on.")
    return ms
