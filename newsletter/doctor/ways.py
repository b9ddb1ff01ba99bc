"""The two ways out of the machine: to the relay by SMTP, and to the readers by the web."""

import asyncio
import http.client
import ssl
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from newsletter import clock
from newsletter.clock import DAY
from newsletter.doctor.model import Finding, note, well, wrong
from newsletter.doctor.names import Names
from newsletter.mail.smtp import RelayTrouble, Timeouts, connect, parse_url
from newsletter.settings import Settings
from newsletter.words import day, in_each_language, number
from newsletter.words import gettext as _

_SECONDS = 10.0
_SOON = 14 * DAY
_LEFT = "You have unsubscribed"  # what our page says in one of its languages, and no login's
_ENOUGH = 1_000_000  # bytes: a letter with a guide attached

_LOOK = {
    "": "Name your mail server at the desk, under Settings, or in NEWSLETTER_SMTP_URL.",
    "environment": "Look at NEWSLETTER_SMTP_URL, and whether the relay lets this machine in.",
    "file": "Look at smtp_url in the file that NEWSLETTER_CONFIG names, and whether the relay lets this machine in.",
    "desk": "Look at your mail server at the desk, under Settings, and whether it lets this machine in.",
}
"""What to do about a relay that does not answer, by who names it."""

_ENCRYPT = {
    "environment": "Write ?tls=required into NEWSLETTER_SMTP_URL, or smtps://.",
    "file": "Write ?tls=required into smtp_url in the file that NEWSLETTER_CONFIG names, or smtps://.",
    "desk": "Choose a way that is encrypted for your mail server at the desk, under Settings.",
}


def _answers(where: str, tls: str, *, known: bool) -> str:
    if tls and known:
        said = _("%(where)s answers, encrypted by %(tls)s and logged in.")
    elif tls:
        said = _("%(where)s answers, encrypted by %(tls)s.")
    else:
        said = _("%(where)s answers and logged in.") if known else _("%(where)s answers.")
    return said % {"where": where, "tls": tls}


async def relay(settings: Settings, named_by: str, *, lost: bool) -> list[Finding]:
    """It connects, encrypts and logs in as it would for a mail, and sends none.

    `named_by`: the environment, the file or the desk; '': nobody. `lost`: the desk names one that can't be read.
    """
    url = parse_url(settings.smtp_url)
    where = f"{url.host}:{url.port}"
    found = [_lost(where)] if lost else []
    try:
        connection = await connect(url, settings.from_email.rpartition("@")[2], Timeouts(connect=_SECONDS))
    except RelayTrouble as trouble:
        return [*found, wrong("SMTP", str(trouble), _LOOK[named_by])]
    tls, extensions, largest = connection.tls, connection.extensions, connection.largest
    await connection.close()
    found += [well("SMTP", _answers(where, tls, known=bool(url.username)))]
    if not tls and not _is_here(url.host):
        found.append(
            wrong(
                "SMTP",
                _("What goes to %(where)s can be read on the way: it is not encrypted.") % {"where": where},
                _ENCRYPT.get(named_by, _ENCRYPT["environment"]),
            )
        )
    if tls in ("TLSv1", "TLSv1.1"):
        found.append(
            wrong(
                "SMTP",
                _("%(where)s speaks %(tls)s, which is broken.") % {"where": where, "tls": tls},
                "Ask your relay for TLS 1.2 or newer.",
            )
        )
    return [*found, *_offers(where, extensions, largest)]


def _lost(where: str) -> Finding:
    return wrong(
        "SMTP",
        _(
            "The mail server that was set at the desk can't be used: it is kept sealed, and none of the secret keys "
            "opens it any more. Mail goes by %(where)s instead."
        )
        % {"where": where},
        "Enter it again at the desk, under Settings, or take it back: newsletter settings reset relay",
    )


def _offers(where: str, extensions: frozenset[str], largest: int) -> list[Finding]:
    """What it lacks that would help. `largest`: bytes of a mail; 0: it doesn't say."""
    found: list[Finding] = []
    if "pipelining" not in extensions:
        found.append(
            note(
                "SMTP",
                _("%(where)s has no PIPELINING: a broadcast takes four times as many round trips.")
                % {"where": where},
            )
        )
    if "smtputf8" not in extensions:
        found.append(
            note(
                "SMTP",
                _("%(where)s has no SMTPUTF8: who has letters beyond a–z before the @ can't sign up.")
                % {"where": where},
            )
        )
    if 0 < largest < _ENOUGH:
        found.append(
            note(
                "SMTP",
                _("%(where)s takes mails of %(most)s bytes at most.")
                % {"where": where, "most": number(largest)},
                "Don't attach the guide.",
            )
        )
    return found


def _is_here(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


class Seen(NamedTuple):
    findings: list[Finding]
    at: int | None = None  # ms, by the clock of whoever answers there


async def web(settings: Settings, context: ssl.SSLContext | None = None) -> Seen:
    """Whether readers and mailbox providers reach it: a page, and the one click (RFC 8058)."""
    try:
        return await asyncio.to_thread(_visit, settings.public_url, context, settings.time_zone)
    except (OSError, http.client.HTTPException) as error:
        sentence = _("%(public_url)s can't be reached from here: %(why)s.") % {
            "public_url": settings.public_url,
            "why": error or type(error).__name__,
        }
        return Seen(
            [wrong("Web", sentence, "See that the service and its proxy run, and that the name leads there.")]
        )


def _visit(url: str, context: ssl.SSLContext | None, zone: str) -> Seen:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=context)
        if parts.scheme == "https"
        else http.client.HTTPConnection(host, port, timeout=_SECONDS)
    )
    try:
        status, at = _ask(connection, "GET", "/health")[:2]
        found = _certificate(connection, zone)
        if status != 200:
            return Seen(
                [
                    *found,
                    wrong(
                        "Web",
                        _("%(url)s/health answers %(status)s.") % {"url": url, "status": status},
                        "Is it this service that stands there?",
                    ),
                ],
                at,
            )
        found.append(well("Web", _("%(url)s is this service.") % {"url": url}))
        # Nobody's link, which is told what everybody's is; nothing may lead elsewhere or ask for anything first.
        status, _at, page = _ask(connection, "POST", "/u/doctor", "List-Unsubscribe=One-Click")
        if status == 200 and any(said.encode() in page for said in in_each_language(_LEFT)):
            found.append(well("One-click", "A mailbox provider's one click reaches it."))
        else:
            found.append(
                wrong(
                    "One-click",
                    _(
                        "A mailbox provider's one click is answered with %(status)s before it reaches the service."
                    )
                    % {"status": status},
                    "Let the proxy pass POST to /u/ as it is: no redirect, no login, no firewall's question.",
                )
            )
        return Seen(found, at)
    finally:
        connection.close()


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, body: str = ""
) -> tuple[int, int | None, bytes]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    page = answer.read()
    return answer.status, _moment(answer.getheader("Date", "")), page


def _moment(date: str) -> int | None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    return int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000)


def _certificate(connection: http.client.HTTPConnection, zone: str) -> list[Finding]:
    if not isinstance(connection.sock, ssl.SSLSocket):
        return []
    ends = ssl.cert_time_to_seconds(str((connection.sock.getpeercert() or {}).get("notAfter", ""))) * 1000
    if ends - clock.now() < _SOON:
        return [
            wrong(
                "Web",
                _("Its certificate ends on %(day)s.") % {"day": day(int(ends), zone)},
                "Renew it, and let that happen by itself.",
            )
        ]
    return [well("Web", _("Its certificate is good until %(day)s.") % {"day": day(int(ends), zone)})]


async def back(names: Names, settings: Settings) -> Finding:
    """Where this machine sends by itself, receivers want its address to have a name that leads back (RFC 1912 §2.1)."""
    host = parse_url(settings.smtp_url).host
    if not _is_here(host):
        return well("PTR", _("%(host)s sends for you, and its names are its own affair.") % {"host": host})
    name = urlsplit(settings.public_url).hostname or ""
    for address in await names.addresses(name):
        for pointer in await names.pointer(address):
            if address in await names.addresses(pointer):
                return well(
                    "PTR",
                    _("%(address)s is called %(pointer)s, which leads back to it.")
                    % {"address": address, "pointer": pointer},
                )
    return wrong(
        "PTR",
        _("The address behind %(name)s has no name that leads back to it: Gmail refuses mail from such.")
        % {"name": name},
        "Ask who runs the machine for a PTR record, or send through a relay.",
    )
