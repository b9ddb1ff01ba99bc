"""What an owner may write for each of their settings: text as it is typed and kept, and the value that it makes."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, get_args, get_type_hints

import msgspec

from newsletter.addresses import parse_ascii
from newsletter.errors import BadInput, SettingsError
from newsletter.mail.brand import brand_of
from newsletter.mail.headers import sender
from newsletter.mail.smtp import parse_url
from newsletter.providers import read_limits
from newsletter.settings import Settings, positive, zone_exists
from newsletter.web.kit.policy import read_sites
from newsletter.words import gettext as _
from newsletter.words import number

MOST = {
    "mail_per_minute": 1_000_000,
    "mail_per_day": 100_000_000,
    "ramp_up": 1_000_000,
    "mail_connections": 50,
    "signups_per_network": 1_000_000,
    "bare_signups_per_network": 1_000_000,
    "signups_total": 1_000_000,
    "proof_above": 1_000_000,
    "comments_per_network": 1_000_000,
    "comment_pause": 86_400,
    "import_mb": 10_000,
}
RELAY = "relay"
"""What the address of the mail server is sealed for."""

DAYS = 3_650
"""The most of what counts days or hours."""

NO_NUMBER = "Please give a whole number."
TOO_FEW = "Please give 1 or more."
NO_COLOUR = "Please give # and six digits or letters a to f, like #1f5f5b, or nothing for ours."
NO_NAME = "This name can’t stand in a mail. Please give one line of plain text."
NO_ADDRESS = "Please give the address that your mails are from."
NO_ZONE = "Please give a time zone’s name, like Europe/Lisbon."
OTHER_DOMAIN = "This service signs mails for %(domain)s. Please give an address that ends in @%(domain)s."
NO_CHOICE = "Please choose one of those on the page."


def read(name: str, text: str, settings: Settings) -> Any:
    """As a setting has it. `settings` are those that it will stand among. Raises SettingsError."""
    return _READ.get(name, _plain)(name, text, settings)


def _plain(name: str, text: str, _settings: Settings) -> Any:
    """A number, yes or no, a word, or text."""
    kind = get_type_hints(Settings)[name]
    try:
        fresh = msgspec.convert({name: text}, Settings, strict=False)
    except msgspec.ValidationError:
        raise SettingsError(NO_NUMBER if kind is int else NO_CHOICE) from None
    value = getattr(fresh, name)
    if kind is int:
        _bounded(name, value, fresh)
    return value


def _bounded(name: str, value: int, fresh: Settings) -> None:
    most = MOST.get(name, DAYS)
    if value > most:
        raise SettingsError(_("%(most)s is the most.") % {"most": number(most)})
    try:
        positive(fresh)
    except SettingsError:
        raise SettingsError(TOO_FEW if value == 0 else NO_NUMBER) from None


def _name(_name: str, text: str, settings: Settings) -> str:
    try:
        sender(msgspec.structs.replace(settings, from_name=text))
    except SettingsError:
        raise SettingsError(NO_NAME) from None
    return text


def _from(_name: str, text: str, settings: Settings) -> str:
    """Where this machine signs mails, its keys stay those of its domain."""
    email = _reply_to(_name, text, settings)
    if not email:
        raise SettingsError(NO_ADDRESS)
    domain = settings.from_email.rpartition("@")[2].lower()
    if settings.dkim_keys and email.rpartition("@")[2].lower() != domain:
        raise SettingsError(_(OTHER_DOMAIN) % {"domain": domain})
    return email


def _reply_to(_name: str, text: str, _settings: Settings) -> str:
    try:
        return parse_ascii(text).email if text else ""
    except BadInput as error:
        raise SettingsError(error.sentence) from None


def _origins(_name: str, text: str, _settings: Settings) -> tuple[str, ...]:
    return read_sites(text)


def _relay(_name: str, text: str, settings: Settings) -> str:
    """It holds a password, and so it is kept sealed."""
    url: str = import_module("newsletter.seals").unseal(settings.secret_keys, RELAY, text)
    parse_url(url)
    return url


def _colour(_name: str, text: str, _settings: Settings) -> str:
    try:
        brand_of(Settings(brand_colour=text))
    except SettingsError:
        raise SettingsError(NO_COLOUR) from None
    return text


def _logo(_name: str, text: str, _settings: Settings) -> str:
    brand_of(Settings(logo=text))
    return text


def _zone(_name: str, text: str, _settings: Settings) -> str:
    try:
        zone_exists(text)
    except SettingsError:
        raise SettingsError(NO_ZONE) from None
    return text


def _limits(_name: str, text: str, _settings: Settings) -> Any:
    try:
        return read_limits(text.replace(",", " ").split())
    except ValueError as error:
        raise SettingsError(f"{error}.") from None


_READ: dict[str, Callable[[str, str, Settings], Any]] = {
    "from_name": _name,
    "from_email": _from,
    "reply_to": _reply_to,
    "allowed_origins": _origins,
    "smtp_url": _relay,
    "brand_colour": _colour,
    "logo": _logo,
    "time_zone": _zone,
    "domain_limits": _limits,
}


def choices(name: str) -> tuple[str, ...]:
    """The words that a setting may be; nothing where it isn't one of a few."""
    return tuple(one for one in get_args(get_type_hints(Settings)[name]) if isinstance(one, str))
