"""What is handed to a page is shown there, and what a page offers is there to be had."""

import ast
import re
from collections.abc import Iterator

from newsletter.paths import TEMPLATES
from newsletter.subscribers import STATUSES
from tests.web.stage import Stage
from tests.web.wire import ROOT

_LINKED = re.compile(r"""{%-?\s*(?:extends|include|from|import)\s+"([^"]+)\"""")


def handed() -> Iterator[tuple[str, str]]:
    """Each template that the web renders, with each name that is handed to it."""
    for path in sorted((ROOT / "newsletter/web").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "page"
            ):
                match node.args:
                    case [ast.Constant(value=str(template)), *_]:
                        yield from ((template, word.arg) for word in node.keywords if word.arg)


def whole(template: str) -> str:
    """A template with all that it is made of."""
    text = (TEMPLATES / template).read_text("utf-8")
    return "\n".join([text, *map(whole, _LINKED.findall(text))])


def test_no_page_is_handed_what_it_does_not_show() -> None:
    pairs = list(handed())
    assert ("admin/home.html", "csrf") in pairs
    unused = [(page, name) for page, name in pairs if not re.search(rf"\b{name}\b", whole(page))]
    assert not [(page, name) for page, name in unused if name != "headers"]


async def test_the_desk_offers_what_it_can_export(still: Stage) -> None:
    web = await still.visitor()
    await still.signs_in(web)
    page = (await web.get("/admin")).text
    offered = re.findall(r'<option value="(\w+)"', page)
    formats = [name for name in offered if name not in STATUSES]
    assert formats == ["csv", "xlsx", "ndjson"]
    words = re.search(r"{% set words = {(.+)} %}", whole("admin/home.html"))
    assert words
    assert re.findall(r'"(\w+)":', words[1]) == formats
    for name in formats:
        assert (await web.get(f"/admin/export?format={name}")).status_code == 200


def test_two_sentences_have_a_space_between_them() -> None:
    """The end of a line that ends with a tag is no space: the next sentence has to bring its own."""
    glued = re.compile(r"[.!?]\{% endtrans %\}(?:\{% \w[^%]*%\})?\n[ ]*\{% trans")
    pages = [path for path in TEMPLATES.rglob("*.html") if glued.search(path.read_text("utf-8"))]
    assert not pages
