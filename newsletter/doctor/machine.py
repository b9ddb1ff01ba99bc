"""The machine that this runs on: settings, the database, the disk under it, the clock."""

import os
import statistics
import tempfile
from pathlib import Path

from newsletter import clock
from newsletter.clock import MINUTE
from newsletter.doctor.model import Finding, note, well, wrong
from newsletter.errors import NewsletterError
from newsletter.mail import trouble
from newsletter.settings import Settings
from newsletter.storage import engine_of, named, open_database, pending, sqlite_path
from newsletter.words import gettext as _
from newsletter.words import number, told

SYNCS = 200
_PROVIDERS = 5  # of which the worst are told
HONEST = 50.0
"""µs: no disk keeps a write through a power cut sooner. What answers quicker says so without having done it."""

SLOW = 20_000.0
"""µs: each sign-up waits for one."""


def chosen(settings: Settings) -> list[Finding]:
    """What the settings leave out that a real newsletter needs."""
    found = []
    domain = settings.from_email.rpartition("@")[2]
    if "." not in domain or domain.endswith((".localdomain", ".local", ".test", ".example", ".invalid")):
        found.append(
            wrong(
                "Settings",
                _("Mail would come from %(domain)s, which is nobody's.") % {"domain": domain},
                "Set NEWSLETTER_FROM to an address of yours.",
            )
        )
    if not settings.postal_address:
        found.append(
            wrong(
                "Settings",
                "A broadcast needs a postal address (the law in many countries), and there is none.",
                "Set it at the desk, under Settings, or in NEWSLETTER_POSTAL_ADDRESS.",
            )
        )
    if not settings.owner_email:
        found.append(
            note(
                "Settings",
                "Nobody is told what waits, since there is no owner's address.",
                "Set NEWSLETTER_OWNER_EMAIL.",
            )
        )
    if not settings.public_url.startswith("https://"):
        found.append(
            wrong(
                "Settings",
                _("%(public_url)s is not https: one-click unsubscribing needs that (RFC 8058).")
                % {"public_url": settings.public_url},
                "Set NEWSLETTER_PUBLIC_URL to the address that readers see.",
            )
        )
    return found or [
        well(
            "Settings",
            _("Mail comes from %(from_email)s, and links lead to %(public_url)s.")
            % {"from_email": settings.from_email, "public_url": settings.public_url},
        )
    ]


async def database(url: str) -> Finding:
    try:
        if engine_of(url) == "sqlite" and not sqlite_path(url).exists():
            return wrong(
                "Database",
                _("There is no %(file)s yet.") % {"file": sqlite_path(url).absolute()},
                "Run: newsletter migrate",
            )
        waiting = await pending(url)
    except NewsletterError as error:
        return wrong(
            "Database", error.sentence, "See that it runs, and that NEWSLETTER_DATABASE_URL leads to it."
        )
    if waiting:
        return wrong(
            "Database",
            _("It waits for %(steps)s.") % {"steps": named(waiting)},
            "Run: newsletter migrate",
        )
    return well(
        "Database",
        "The SQLite file has this version's tables."
        if engine_of(url) == "sqlite"
        else "PostgreSQL has this version's tables.",
    )


async def domains(url: str) -> list[Finding]:
    """Providers that don't want our mail, where the database can say so."""
    if engine_of(url) == "sqlite" and not sqlite_path(url).exists():
        return []
    try:
        if await pending(url):
            return []
        db = await open_database(url)
        try:
            found = await db.read(trouble.report)
        finally:
            await db.close()
    except NewsletterError:
        return []
    bad = [one for one in found.troubled if one.verdict in ("policy", "complaints", "hard")]
    return [
        wrong(
            "Providers",
            _(
                "Of %(all)s mails to %(name)s in %(days)s days it refused %(policy)s by policy, %(hard)s addresses "
                "were gone, and %(complaint)s were called spam."
            )
            % {
                "all": number(one.accepted + one.hard + one.policy),
                "name": one.name,
                "days": trouble.DAYS,
                "policy": number(one.policy),
                "hard": number(one.hard),
                "complaint": number(one.complaint),
            },
            one.to_do,
        )
        for one in bad[:_PROVIDERS]
    ]


def disk(url: str) -> list[Finding]:
    """How long a write takes until it would survive a power cut, beside a SQLite file."""
    if engine_of(url) != "sqlite":
        return []
    folder = sqlite_path(url).absolute().parent
    try:
        median = _sync(folder)
    except OSError as error:
        return [
            wrong(
                "Disk",
                _("%(folder)s can't be written to: %(why)s.") % {"folder": folder, "why": error.strerror},
                "Give the service's user that folder.",
            )
        ]
    if median < HONEST:
        return [
            wrong(
                "Disk",
                _(
                    "A write is safe after %(median)s µs, says the disk in %(folder)s: no disk is that quick. A "
                    "power cut may lose what readers were told is kept."
                )
                % {"median": f"{median:.0f}", "folder": folder},
                "Ask who runs the machine to honour fsync; on a disk in memory it can't be.",
            )
        ]
    if median > SLOW:
        return [
            note(
                "Disk",
                _("A write takes %(median)s ms in %(folder)s, and each sign-up waits for one.")
                % {"median": f"{median / 1000:.0f}", "folder": folder},
                "Use a local SSD.",
            )
        ]
    return [
        well(
            "Disk",
            _("A write is safe after %(median)s µs (the median of %(count)s).")
            % {"median": f"{median:.0f}", "count": SYNCS},
        )
    ]


def _sync(folder: Path) -> float:
    """µs."""
    spent = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _turn in range(SYNCS):
            began = clock.monotonic()
            file.write(b"x" * 512)
            file.flush()
            os.fsync(file.fileno())
            spent.append((clock.monotonic() - began) * 1_000_000)
    return statistics.median(spent)


def clocks(theirs: int | None, zone: str = "UTC") -> list[Finding]:
    """Ours beside the web's; `theirs` in ms, as whoever answers at the public address says."""
    if theirs is None:
        return []
    apart = abs(clock.own() - theirs) // 1000
    if apart * 1000 > 2 * MINUTE:
        return [
            wrong(
                "Clock",
                _("This machine's clock and that of the public address are %(apart)s s apart.")
                % {"apart": apart},
                "Let both be set by NTP: links expire, and mails are dated, by them.",
            )
        ]
    return [
        well("Clock", _("It is %(now)s, here and at the public address.") % {"now": told(clock.now(), zone)})
    ]
