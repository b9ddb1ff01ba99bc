"""The mail server that an owner names: tried with a real mail first, kept sealed, and taken by each worker at once.

Its password goes in and is never shown again: neither on a page, nor by the API, nor in a log. It is kept for the
server and the name that it was given for, and goes to no other.
"""

import asyncio
import re
from collections.abc import Callable, Coroutine
from hashlib import blake2b
from importlib import import_module
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from newsletter import clock, ids
from newsletter.errors import BadInput, SettingsError
from newsletter.mail.claims import Delivery
from newsletter.mail.headers import MessageError
from newsletter.mail.messages import Messages
from newsletter.mail.smtp import RelayTrouble, Timeouts, Tls, connect, parse_url
from newsletter.owners import settings_store
from newsletter.settings import Settings
from newsletter.storage import Tx
from newsletter.web.kit.owner_settings import follow, sources
from newsletter.web.kit.owner_values import RELAY, read
from newsletter.web.kit.site import Site
from newsletter.words import marked

Source = Literal["environment", "file", "desk", ""]

NAME = "smtp_url"
WAYS: dict[Tls, str] = {
    "required": "Encrypted from its second sentence on (STARTTLS, mostly port 587)",
    "implicit": "Encrypted from the start (mostly port 465)",
    "auto": "Encrypted where the server offers it",
    "off": "Never encrypted: for a server on this machine",
}
GIVEN = "Your mail server is set where this service runs, and is changed there."
BUSY = "A server is being tried already. It takes half a minute at most; please press the button again then."
NOT_TAKEN = "The server did not take the test mail, so everything stays as it was."
SLOW = "It did not answer in time."
_NO_HOST = "Please give the server’s name, like smtp.example.org."
_NO_PORT = "Please give a number from 1 to 65535."
_NO_WAY = "Please choose one of those on the page."
_IN_CLEAR = "A password would go unencrypted. Please choose a way that is encrypted."
_NO_NAME = "A password needs the name that it belongs to."
_AGAIN = "Please give the password: the one that is kept is for another server or name."
_CONTROL = marked("This can’t stand in a login.")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HERE = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1")
_TIMES = Timeouts(connect=8, command=8, body=8, dot=15)
_LONGEST = 25.0  # seconds, of a whole trial

_under_way = asyncio.Lock()


class Wanted(msgspec.Struct):
    """As an owner enters it. With no password the one that is kept is meant."""

    host: str
    port: str
    tls: str
    username: str = ""
    password: str = ""


class Named(msgspec.Struct, frozen=True):
    """Who names the server that all mail goes by."""

    source: Source = ""
    lost: bool = False  # one was named at the desk, and none of the secret keys opens it any more
    url: str = ""  # as the desk names it
    version: str = ""  # another one each time that it is named at the desk


Judge = Callable[[Tx], Coroutine[Any, Any, None]]
"""Raises where the server that is named is not to be changed."""


class NotTakenError(BadInput):
    """Nothing was changed; `words` is what the server said."""

    def __init__(self, words: str) -> None:
        super().__init__(NOT_TAKEN)
        self.words = words


def standing(settings: Settings) -> Wanted:
    """What is named now, but for its password."""
    now = parse_url(settings.smtp_url)
    return Wanted(now.host, str(now.port), now.tls, now.username or "")


def given() -> Source:
    """By what the machine names it; '': it does not."""
    found = sources().get(NAME)
    return "environment" if found == "environment" else "file" if found else ""


async def named(tx: Tx, settings: Settings) -> Named:
    """What the machine says wins, and a row counts for nothing then."""
    if by := given():
        return Named(by)
    row = await settings_store.one(tx, NAME)
    if not row:
        return Named()
    version = blake2b(row.encode(), digest_size=6).hexdigest()
    try:
        return Named("desk", url=read(NAME, row, settings), version=version)
    except SettingsError:
        return Named(lost=True, version=version)


def url_of(wanted: Wanted, settings: Settings) -> str:
    """Raises BadInput, with each field's error."""
    if errors := faults(wanted, settings):
        raise BadInput("Please look at this again. Nothing was saved.", errors)
    password = wanted.password or _kept(wanted, settings)
    host = f"[{wanted.host}]" if ":" in wanted.host else wanted.host
    login = f"{quote(wanted.username, safe='')}:{quote(password, safe='')}@" if wanted.username else ""
    start, end = ("smtps", "") if wanted.tls == "implicit" else ("smtp", f"?tls={wanted.tls}")
    url = f"{start}://{login}{host}:{int(wanted.port)}{end}"
    try:
        parse_url(url)
    except SettingsError:
        raise BadInput("Please look at this again. Nothing was saved.", {"host": _NO_HOST}) from None
    return url


def faults(wanted: Wanted, settings: Settings) -> dict[str, str]:
    """What is wrong with it, by the field."""
    errors = {name: said for name, said in _looked_over(wanted).items() if said}
    if wanted.username and not (wanted.password or ("" if errors else _kept(wanted, settings))):
        errors.setdefault("password", _AGAIN)
    return errors


def _looked_over(wanted: Wanted) -> dict[str, str]:
    port = int(wanted.port) if wanted.port.isascii() and wanted.port.isdigit() and len(wanted.port) < 6 else 0
    in_clear = wanted.tls in ("auto", "off") and wanted.username and not _HERE.fullmatch(wanted.host)
    return {
        "host": "" if _HOST.fullmatch(wanted.host) else _NO_HOST,
        "port": "" if 0 < port < 65_536 else _NO_PORT,
        "tls": _NO_WAY if wanted.tls not in WAYS else _IN_CLEAR if in_clear else "",
        "username": _no_login(wanted.username)
        or (_NO_NAME if wanted.password and not wanted.username else ""),
        "password": _no_login(wanted.password),
    }


def _no_login(text: str) -> str:
    return _CONTROL if _UNPRINTABLE.search(text) else ""


def _kept(wanted: Wanted, settings: Settings) -> str:
    """The password that is kept, where it is for this server and this name, and stays as well hidden."""
    now = parse_url(settings.smtp_url)
    same = (now.host, now.username) == (wanted.host.lower(), wanted.username)
    return now.password or "" if same else ""


async def _whichever(_tx: Tx) -> None:
    """At the desk the last one counts."""


async def take(
    site: Site, wanted: Wanted, to: str, *, anyway: bool = False, judge: Judge = _whichever
) -> str:
    """From now on all mail goes by this server, once it has taken one to the owner at `to`: what it said to that.

    With `anyway` also where it has not. Raises BadInput, NotTakenError, and what `judge` raises.
    """
    if NAME in sources():
        raise BadInput(GIVEN)
    url = url_of(wanted, site.settings)
    await site.db.read(judge)  # before anybody gets a mail by it
    if _under_way.locked():
        raise BadInput(BUSY)
    async with _under_way:
        try:
            said = await _tried(site, url, to)
        except NotTakenError as error:
            if not anyway:
                raise
            said = error.words
    sealed = import_module("newsletter.seals").seal(site.settings.secret_keys, RELAY, url)
    await site.db.write(_keep, sealed, judge)
    await follow(site)
    return said


async def _keep(tx: Tx, sealed: str, judge: Judge) -> None:
    await settings_store.hold(tx)
    await judge(tx)
    await settings_store.put(tx, NAME, sealed)


async def _tried(site: Site, url: str, to: str) -> str:
    """What the server said to one real mail. Raises NotTakenError."""
    settings = site.settings
    id, now = ids.new_id(), clock.now()
    domain = settings.from_email.rpartition("@")[2]
    row = Delivery(id, "relay_test", 0, to, "{}", f"<{id}.test@{domain}>", now, 0, 0, now)
    try:
        message = await asyncio.to_thread(lambda: Messages(settings, site.tokens).build(row))
        async with asyncio.timeout(_LONGEST):
            connection = await connect(parse_url(url), domain, _TIMES)
            try:
                outcome = await connection.send(settings.from_email, to, message)
            finally:
                await connection.close()
    except (RelayTrouble, MessageError) as error:
        raise NotTakenError(str(error)) from None
    except TimeoutError:
        raise NotTakenError(SLOW) from None
    if outcome.result != "sent":
        raise NotTakenError(outcome.words)
    return outcome.words
