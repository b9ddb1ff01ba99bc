"""How the owner's mails are told from others: a colour and a logo, each on white and on dark."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import msgspec

from newsletter.colours import readable, text_on
from newsletter.errors import SettingsError
from newsletter.settings import Settings

PAPER, DARK_PAPER = "#ffffff", "#1d232a"
ACCENT, _DARK_ACCENT, _EDGE = "#1f5f5b", "#7cc4bb", "#c8742a"  # ours, as templates/assets/site.css has them
_COLOUR = re.compile("#[0-9a-f]{6}")
LARGEST = 100_000  # octets, of a logo
_TALL, _WIDE = 48, 240  # pixels of a screen
_DATA = "data:image/png;base64,"
_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


class Logo(msgspec.Struct, frozen=True):
    name: str  # of its content, so that another one is asked for anew
    content: bytes
    width: int  # as it is shown
    height: int


class Brand(msgspec.Struct, frozen=True):
    accent: str = ACCENT  # buttons
    on_accent: str = "#ffffff"
    link: str = ACCENT
    edge: str = _EDGE
    dark_accent: str = _DARK_ACCENT
    on_dark_accent: str = "#14181d"
    logo: Logo | None = None


def brand_of(settings: Settings) -> Brand:
    """Raises SettingsError when the colour is none or the logo can't be read."""
    logo = logo_of(settings.logo) if settings.logo else None
    if not settings.brand_colour:
        return Brand(logo=logo)
    colour = settings.brand_colour.lower()
    if not _COLOUR.fullmatch(colour):
        raise SettingsError(
            f"NEWSLETTER_BRAND_COLOUR must be # and six digits or letters a to f, like #1f5f5b, not {colour[:20]!r}."
        )
    dark = readable(colour, DARK_PAPER)
    return Brand(
        accent=colour,
        on_accent=text_on(colour),
        link=readable(colour, PAPER),
        edge=colour,
        dark_accent=dark,
        on_dark_accent=text_on(dark),
        logo=logo,
    )


def logo_of(setting: str) -> Logo:
    """A PNG: each mail program shows it, and its size stands in its first bytes. Raises SettingsError.

    It lies in a file of that name, or, where an owner has sent it to the desk, in the setting itself: `written`.
    """
    if setting.startswith(_DATA):
        content, what = _unwritten(setting), "this"
    else:
        content, what = _read(setting), setting
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    if not content.startswith(_PNG) or len(content) > LARGEST or not width or not height:
        raise SettingsError(f"NEWSLETTER_LOGO must be a PNG of {LARGEST // 1000} kB at most: {what} is none.")
    scale = min(1, _TALL / height, _WIDE / width)
    name = f"{sha256(content).hexdigest()[:12]}.png"
    return Logo(name, content, max(1, round(width * scale)), max(1, round(height * scale)))


def _read(path: str) -> bytes:
    """Raises SettingsError."""
    try:
        with Path(path).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"NEWSLETTER_LOGO: can't read {path}: {error.strerror}.") from None


def _unwritten(setting: str) -> bytes:
    """Nothing where it is damaged."""
    try:
        return b64decode(setting.removeprefix(_DATA), validate=True)
    except ValueError:
        return b""


def written(content: bytes) -> str:
    """As the setting itself holds it."""
    return _DATA + b64encode(content).decode()
