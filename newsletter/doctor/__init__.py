"""What stands between this service and its readers' inboxes, each thing in a sentence with what to do about it."""

from collections.abc import Sequence
from pathlib import Path

from newsletter.doctor import machine, sender, ways
from newsletter.doctor.model import Finding, Level, note, well, wrong
from newsletter.doctor.names import Names
from newsletter.errors import NewsletterError
from newsletter.mail import dkim_keys
from newsletter.settings import Settings
from newsletter.words import gettext as _

__all__ = ["Finding", "Level", "Names", "examine"]

_TRUST = ("SPF", "DKIM", "DMARC")


async def examine(
    settings: Settings, names: Names, relay_by: str = "environment", *, relay_lost: bool = False
) -> list[Finding]:
    """Everything, in the order in which one would mend it. It sends no mail and changes nothing.

    `relay_by`: who names the mail server, as `ways.relay` has it.
    """
    domain = settings.from_email.rpartition("@")[2]
    envelope = settings.bounce_domain or domain  # whose SPF servers ask for, and where bounces go
    seen = await ways.web(settings)
    found = [
        *machine.chosen(settings),
        await machine.database(settings.database_url),
        *machine.disk(settings.database_url),
        *machine.clocks(seen.at, settings.time_zone),
        *seen.findings,
        *await ways.relay(settings, relay_by, lost=relay_lost),
        *await sender.safely("SPF", sender.spf(names, envelope)),
        *await sender.safely("DKIM", _keys(names, settings, domain)),
        *await sender.safely("DMARC", sender.dmarc(names, domain)),
        *await sender.safely("Alignment", sender.alignment(names, domain, envelope)),
        *await sender.safely("MX", *(sender.mail_comes_in(names, one) for one in {domain: 0, envelope: 0})),
        *await sender.safely("PTR", ways.back(names, settings)),
        *await machine.domains(settings.database_url),
    ]
    return [*found, _verdict(found)]


async def _keys(names: Names, settings: Settings, domain: str) -> list[Finding]:
    keys: dict[str, str] = {}
    for entry in settings.dkim_keys:
        selector, _, path = entry.partition("=")
        try:
            keys[selector] = dkim_keys.record(Path(path))[1]
        except NewsletterError as error:
            return [wrong("DKIM", error.sentence, "Make one: newsletter doctor dkim")]
    return await sender.dkim(names, domain, keys)


def _verdict(found: Sequence[Finding]) -> Finding:
    """By the rules that the three published for who sends 5,000 mails a day, in force since 2024 and 2025; of who sends
    fewer they ask for SPF or DKIM, and weigh the rest."""
    missing = [area for area in _TRUST if any(one.area == area and one.level == "wrong" for one in found)]
    unseen = [area for area in _TRUST if any(one.area == area and one.level == "note" for one in found)]
    click = any(one.area in ("One-click", "Web") and one.level == "wrong" for one in found)
    if missing or click:
        what = ", ".join([*missing, *([_("one-click unsubscribing")] if click else [])])
        return wrong(
            "Gmail & co.",
            _("Gmail, Yahoo and Microsoft would refuse or hide a newsletter from here: %(what)s.")
            % {"what": what},
            "Mend what stands above, then send a test to an address at each.",
        )
    if unseen:
        return note(
            "Gmail & co.",
            _("Not all that Gmail, Yahoo and Microsoft ask for could be seen: %(what)s.")
            % {"what": ", ".join(unseen)},
        )
    return well("Gmail & co.", "What Gmail, Yahoo and Microsoft ask of a newsletter is there.")
