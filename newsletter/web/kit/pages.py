"""Pages: our templates, rendered with autoescape, and the assets they name by hash."""

import gzip
import hashlib
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from markupsafe import Markup

from newsletter import words
from newsletter.clock import iso
from newsletter.mail import kept
from newsletter.paths import TEMPLATES
from newsletter.settings import Settings
from newsletter.web.kit.embedding import script
from newsletter.web.kit.standing import may

_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FITS = 20
"""Letters of an address that fit on one line of any screen, in a heading too."""

_PART = re.compile(r"(?<=[@.])(?=.)")


def parted(address: str) -> str:
    """That breaks after its @ and dots first where it is too long for a line, and is still copied whole."""
    return address if len(address) <= _FITS else Markup("<wbr>").join(_PART.split(address))


class Assets:
    """Small files served under names that hold their hash, so that browsers may keep them for good."""

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, bytes]] = {}
        self._names: dict[str, str] = {}
        for path in sorted((TEMPLATES / "assets").iterdir()):
            content = path.read_bytes()
            hashed = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
            self._files[hashed] = (_MEDIA_TYPES[path.suffix], content)
            self._names[path.name] = hashed

    @cached_property
    def script(self) -> bytes:
        """For other people's pages; put together when the first of them asks."""
        return script(TEMPLATES)

    @cached_property
    def packed_script(self) -> bytes:
        return gzip.compress(self.script, 9, mtime=0)

    def url(self, name: str) -> str:
        return f"/assets/{self._names[name]}"

    def find(self, hashed: str) -> tuple[str, bytes] | None:
        """Media type and content of a file by its hashed name."""
        return self._files.get(hashed)

    def named(self, name: str) -> bytes:
        return self._files[self._names[name]][1]


class _Named:
    """What our pages say of whose they are; an owner may change it while we run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.public_url = settings.public_url

    @property
    def name(self) -> str:
        return self._settings.from_name

    @property
    def email(self) -> str:
        return self._settings.from_email

    @property
    def postal_address(self) -> str:
        return self._settings.postal_address


class Pages:
    def __init__(self, settings: Settings) -> None:
        self.assets = Assets()
        self._env = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        words.into(self._env)
        filters: dict[str, Callable[..., str]] = {
            "size": words.size,
            "date": lambda ms: words.day(ms, settings.time_zone),
            "told": lambda ms, **how: words.told(ms, settings.time_zone, **how),
            "iso": iso,
            "number": words.number,
            "kept": kept.said,
            "parted": parted,
        }
        self._env.filters.update(filters)
        self._env.globals["asset"] = self.assets.url
        self._env.globals["may"] = may
        self._env.globals["site"] = _Named(settings)

    def render(self, template: str, context: dict[str, Any]) -> str:
        return self._env.get_template(template).render(context)

    def page(
        self, template: str, code: int = 200, headers: dict[str, str] | None = None, **context: Any
    ) -> Response[str]:
        """A page that no cache keeps: most of ours carry a link made for one person."""
        return Response(
            self.render(template, context),
            status_code=code,
            media_type="text/html",
            headers={"Cache-Control": "no-store", **(headers or {})},
        )

    def message(
        self,
        title: str,
        text: str,
        status: int = 200,
        *,
        action: dict[str, str] | None = None,
        reference: str | None = None,
        headers: dict[str, str] | None = None,
        embedded: bool = False,
    ) -> Response[str]:
        """The page for every outcome that has no page of its own."""
        return self.page(
            "public/message.html",
            status,
            headers,
            title=words.gettext(title),
            text=words.gettext(text),
            status=status,
            action=action,
            reference=reference,
            embedded=embedded,
        )

    def failure(self, status: int, title: str, text: str, reference: str | None, embedded: bool) -> str:
        """The page for what never reached a handler, or failed in it."""
        known = {
            "title": words.gettext(title),
            "text": words.gettext(text),
            "status": status,
            "reference": reference,
            "embedded": embedded,
        }
        return self.render("public/message.html", {**known, "action": None})
