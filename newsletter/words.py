"""The language that this service speaks, by gettext: English is what the code says, others lie in newsletter/locale.

One process speaks one language, the author's (NEWSLETTER_LANGUAGE); it is chosen once, when the process starts. A
sentence that holds no value is looked up where it leaves (templates, web/kit/pages.py and problems.py), so that it may
stand as a constant where it belongs; one that holds values is looked up where they are put in.
"""

from datetime import UTC, datetime
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from newsletter.clock import moment

_FOLDER = Path(__file__).parent / "locale"
LANGUAGES = ("en", *sorted(path.name for path in _FOLDER.iterdir() if path.is_dir()))

Word = TypeVar("Word", bound=str)

_spoken: tuple[str, NullTranslations] = ("en", NullTranslations())


def speak(language: str) -> None:
    """From now on. Raises KeyError for a language that we don't have."""
    global _spoken  # noqa: PLW0603  one process, one language
    if language == _spoken[0]:
        return
    if language not in LANGUAGES:
        raise KeyError(language)
    _spoken = (language, _read(language))


def language() -> str:
    return _spoken[0]


def gettext(sentence: str) -> str:
    return _spoken[1].gettext(sentence) if sentence else ""


def ngettext(one: str, many: str, number: int) -> str:
    return _spoken[1].ngettext(one, many, number)


def in_each_language(sentence: str) -> tuple[str, ...]:
    """As any process of ours may say it."""
    return tuple(_read(one).gettext(sentence) for one in LANGUAGES)


def marked(words: Word) -> Word:
    """`words`, as they are: for those that stand as a constant, are looked up where they leave, and don't look like a
    sentence, by which ``tests.words`` finds the others."""
    return words


def pgettext(context: str, words: str) -> str:
    return _spoken[1].pgettext(context, words)


def npgettext(context: str, one: str, many: str, number: int) -> str:
    return _spoken[1].npgettext(context, one, many, number)


def into(templates: Any) -> None:
    """What an environment of Jinja's has to know: ``_("…")`` and ``{% trans %}…{% endtrans %}``, whose line ends and
    indents count for nothing."""
    templates.add_extension("jinja2.ext.i18n")
    templates.policies["ext.i18n.trimmed"] = True
    templates.install_gettext_callables(
        gettext, ngettext, newstyle=True, pgettext=pgettext, npgettext=npgettext
    )
    templates.globals["language"] = language
    templates.filters["said"] = gettext  # what code says; unlike `_` it may hold anything, and is escaped


def day(ms: int, zone: str = "UTC") -> str:
    """For people: ``22 November 2026``."""
    return date(_there(ms, zone))


def told(ms: int, zone: str, *, seconds: bool = False) -> str:
    """A moment as the clocks there show it: ``1 December 2026, 09:00 WET``."""
    at = _there(ms, zone)
    return f"{date(at)}, {at:%H:%M:%S %Z}" if seconds else f"{date(at)}, {at:%H:%M %Z}"


def _there(ms: int, zone: str) -> datetime:
    at = moment(ms)
    try:
        return at.astimezone(ZoneInfo(zone))
    except OverflowError:  # a list from elsewhere may know of the last hours of the year 9999
        return at.astimezone(UTC)


def date(at: datetime) -> str:
    return gettext("%(day)d %(month)s %(year)d") % {
        "day": at.day,
        "month": _months()[at.month - 1],
        "year": at.year,
    }


def _months() -> tuple[str, ...]:
    _ = gettext
    return (
        _("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July"), _("August"),
        _("September"), _("October"), _("November"), _("December"),
    )  # fmt: skip


def number(count: float, places: int = 0) -> str:
    """For people: ``1,234``, ``12.5``."""
    marks = {",": pgettext("thousands", ","), ".": pgettext("decimal", ".")}
    return f"{count:,.{places}f}".translate({ord(mark): said for mark, said in marks.items()})


def size(octets: int) -> str:
    """For people: ``1.2 MB``, ``84 kB``."""
    if octets < 1_000_000:
        return f"{max(1, round(octets / 1000))} kB"
    return f"{octets / 1_000_000:.1f} MB".replace(".", pgettext("decimal", "."))


def _read(language: str) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    with (_FOLDER / language / "LC_MESSAGES" / "newsletter.mo").open("rb") as file:
        return GNUTranslations(file)
