"""A browser in words, of what it calls itself: enough to tell one's own apart, and no more."""

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
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Android", "Android"),
    ("CrOS", "a Chromebook"),
    ("Windows", "Windows"),
    ("Mac OS X", "a Mac"),
    ("Linux", "Linux"),
)
UNKNOWN = "A browser that doesn’t say which"


def in_words(agent: str) -> str:
    """`agent` is its header `User-Agent`, or the beginning of it."""
    name = next((word for sign, word in _NAMES if sign in agent), "")
    place = next((word for sign, word in _PLACES if sign in agent), "")
    if name and place:
        return f"{name} on {place}"
    return name or (f"A browser on {place}" if place else UNKNOWN)
