"""Where a link or a picture in a broadcast may lead."""

import re
from urllib.parse import urlsplit

_MAILTO = re.compile(r"(?i)mailto:[^\s@<>\"]+@[^\s@<>\"]+")
_MARKS = re.compile("[\ue000-\ue002]")


def trouble(url: str) -> str:
    """What is wrong with this address, as the end of a sentence; "" when nothing is."""
    if re.search(r"[\s<>\"\\\x00-\x20\x7f]", url):
        return "has a space or another character that no address has"
    if _MAILTO.fullmatch(url):
        return ""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in ("http", "https"):
        return "does not begin with https://, http:// or mailto:"
    if _MARKS.search(re.split(r"[/?#]", rest)[0]):
        return "has a merge tag where the host should be"
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "can’t be read"
    if not host or "@" in parts.netloc:
        return "has no host, or a name before it"
    return ""
