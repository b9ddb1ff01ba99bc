"""A browser in words, of what it calls itself: enough to tell one's own apart, and no more."""

from newsletter.words import gettext as _
from newsletter.words import marked

_NAMES = (  # the first that is found: many call themselves by the names of others as well
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_PLACES = (
    ("iPhone", marked("an iPhone")),
    ("iPad", marked("an iPad")),
    ("Android", "Android"),
    ("CrOS", marked("a Chromebook")),
    ("Windows", "Windows"),
    ("Mac OS X", marked("a Mac")),
    ("Linux", "Linux"),
)
UNKNOWN = "A browser that doesn’t say which"


def in_words(agent: str) -> str:
    """`agent` is its header `User-Agent`, or the beginning of it."""
    name = next((word for sign, word in _NAMES if sign in agent), "")
    place = next((word for sign, word in _PLACES if sign in agent), "")
    if name and place:
        return _("%(browser)s on %(place)s") % {"browser": name, "place": _(place)}
    return name or (_("A browser on %(place)s") % {"place": _(place)} if place else _(UNKNOWN))
