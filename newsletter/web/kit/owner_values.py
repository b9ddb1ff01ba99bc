"""What an owner may write for each of their settings: text as it is typed and kept, and the value that it makes."""

from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import msgspec

from newsletter.errors import SettingsError
from newsletter.mail.brand import brand_of
from newsletter.mail.headers import sender
from newsletter.providers import read_limits
from newsletter.settings import Settings, positive, zone_exists
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
DAYS = 3_650
"""The most of what counts days or hours."""

NO_NUMBER = "Please give a whole number."
TOO_FEW = "Please give 1 or more."
NO_COLOUR = "Please give # and six digits or letters a to f, like #1f5f5b, or nothing for ours."
NO_NAME = "This name can’t stand in a mail. Please give one line of plain text."
NO_ZONE = "Please give a time zone’s name, like Europe/Lisbon."
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
    "brand_colour": _colour,
    "logo": _logo,
    "time_zone": _zone,
    "domain_limits": _limits,
}


def choices(name: str) -> tuple[str, ...]:
    """The words that a setting may be; nothing where it isn't one of a few."""
    return tuple(one for one in get_args(get_type_hints(Settings)[name]) if isinstance(one, str))
