"""The templates of mails. Their style sheet is written into each tag once, when a template is first read.

Mail programs drop style sheets, so what they must know stands in the tags; what dark and narrow screens change stays
in the one of base.html.
"""

import logging
import re
import textwrap
from collections.abc import Callable, Mapping
from importlib import import_module
from string import Template as Sheet
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from newsletter import words
from newsletter.errors import SettingsError
from newsletter.mail.brand import Brand, brand_of
from newsletter.paths import TEMPLATES
from newsletter.settings import Settings

FOLDER = TEMPLATES / "email"
WIDTH = 70
"""Characters in a line of a plain mail."""

_COMMENT = re.compile(r"\{#.*?#\}\n?", re.DOTALL)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_HIDDEN = re.compile("\\ue000([0-9]+)\\ue001")

_log = logging.getLogger(__name__)


class Branded:
    """The templates in the owner's colour and with their logo, as the settings have them now. Raises SettingsError.

    What becomes unusable while we run (a file that is gone) is told, and mails look as they did.
    """

    def __init__(self, settings: Settings, filters: Mapping[str, Callable[..., str]] | None = None) -> None:
        self._settings = settings
        self._filters = filters or {}
        self._made_of = self._wanted
        self._brand = brand_of(settings)
        self._environment = self._made()

    @property
    def brand(self) -> Brand:
        self._follow()
        return self._brand

    def get(self, name: str) -> Template:
        self._follow()
        return self._environment.get_template(name)

    @property
    def _wanted(self) -> tuple[str, str]:
        return self._settings.brand_colour, self._settings.logo

    def _follow(self) -> None:
        if self._made_of == self._wanted:
            return
        self._made_of = self._wanted
        try:
            self._brand = brand_of(self._settings)
        except SettingsError as error:
            _log.warning("Mails look as they did: %s", error.sentence)
        else:
            self._environment = self._made()

    def _made(self) -> Environment:
        environment = templates_of(self._settings, self._brand)
        environment.filters |= self._filters
        return environment


def templates_of(settings: Settings, brand: Brand) -> Environment:
    environment = Environment(
        loader=_Inlined(brand),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    words.into(environment)
    environment.filters["wrapped"] = _wrapped
    environment.globals["brand"] = brand
    if brand.logo:
        environment.globals["logo_url"] = f"{settings.public_url}/logo/{brand.logo.name}"
    return environment


def _wrapped(sentences: str) -> str:
    """A paragraph of a plain mail."""
    return textwrap.fill(sentences, WIDTH, break_long_words=False, break_on_hyphens=False)


class _Inlined(FileSystemLoader):
    def __init__(self, brand: Brand) -> None:
        super().__init__(FOLDER)
        self._brand = brand

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Any]:
        source, path, fresh = super().get_source(environment, template)
        return (inlined(source, self._brand) if template.endswith(".html") else source), path, fresh


def inlined(source: str, brand: Brand) -> str:
    """`source` with the styles of its classes in its tags. Jinja's own words are kept from the reader of HTML."""
    inliner = import_module("css_inline")  # a twentieth of a second, which no start has to wait for
    css = Sheet((FOLDER / "mail.css").read_text("utf-8")).substitute(accent=brand.accent,
        on_accent=brand.on_accent, link=brand.link, edge=brand.edge)  # fmt: skip
    kept: list[str] = []

    def hide(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\ue000{len(kept) - 1}\ue001"

    hidden = _JINJA.sub(hide, _INDENT.sub("", _COMMENT.sub("", source)))
    with_styles = inliner.CSSInliner(
        inline_style_tags=False,
        keep_style_tags=True,
        load_remote_stylesheets=False,
        minify_css=True,
        extra_css=css,
    )
    whole = "<html" in hidden
    html: str = with_styles.inline(hidden) if whole else with_styles.inline_fragment(hidden, css)
    return _HIDDEN.sub(lambda found: kept[int(found[1])], html)
