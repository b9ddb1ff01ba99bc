"""Where the pages of an export are today: many a site has got another name since, or https."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urljoin, urlsplit

from newsletter.comments import canonical_url
from newsletter.errors import BadInput

WHERE_NOW = (
    "NEWSLETTER_ALLOWED_ORIGINS names more than one website. Say with --origin where the pages are now."
)
_MOST_NAMED = 3


class Moved:
    """Makes a page's address in an export the one that it has here; raises BadInput for a page of others.

    What has only a path is at `origin`, or at the one website that is `allowed`; so is what was `formerly`
    elsewhere. What was at http is at https where that alone is allowed. `others` are origins that were refused.
    """

    def __init__(self, allowed: Sequence[str], origin: str = "", formerly: Sequence[str] = ()) -> None:
        self._allowed = allowed
        self._now = origin or (allowed[0] if len(allowed) == 1 else "")
        if formerly and not self._now:
            raise BadInput(WHERE_NOW)
        self._ours = {_origin(_parts(one)) for one in allowed}
        plain = {"http" + one.removeprefix("https"): one for one in self._ours if one.startswith("https:")}
        self._moves = {old: new for old, new in plain.items() if old not in self._ours}
        self._moves |= {_origin(_parts(one)): _origin(_parts(self._now)) for one in formerly}
        self.others: set[str] = set()

    def __call__(self, url: str) -> str:
        parts = _parts(_joined(self._now, url))
        origin = _origin(parts)
        there = self._moves.get(origin, origin)
        if there not in self._ours and len(self.others) < _MOST_NAMED:
            self.others.add(there)
        return canonical_url(f"{there}{parts.path}?{parts.query}", self._allowed)


def _joined(base: str, url: str) -> str:
    try:
        return urljoin(base, url)
    except ValueError:  # brackets that are no address
        return url


def _parts(url: str) -> SplitResult:
    return urlsplit(canonical_url(url, [url]))


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}"
