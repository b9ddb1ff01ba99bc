"""All that readers are told is there in each language."""

import ast
import html
import re
from collections.abc import Iterator, Sequence
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from newsletter import words
from newsletter.magnets import Magnets
from newsletter.mail import Post
from newsletter.settings import Settings
from newsletter.signups import seed
from newsletter.storage import Database
from newsletter.tokens import Tokens
from tests import words as gathering
from tests.conftest import ON_ONE

_NOT_TEXT = (
    re.compile(r"\{#.*?#\}", re.DOTALL),
    re.compile(r"\{% block page_class %\}.*?\{% endblock %\}"),
    re.compile(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", re.DOTALL),
    re.compile(r"<(style|svg|xml|code|kbd)\b.*?</\1>", re.DOTALL),
    re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL),
    re.compile(r"(?<![<\w])/(?:forms|archive)/"),
    re.compile(r"<!--.*?-->|<![^>]*>", re.DOTALL),
)
_SPOKEN = re.compile(r"\s(?:aria-label|alt|title|placeholder)=\"([^\"]*)\"")
_ATTRIBUTE = re.compile(r"[\w-]+=\"[^\"]*\"|\b(?:autofocus|required|checked|selected)\b")  # that macros make
_TAG = re.compile(r"<[^>]*>")
_CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_LOOKED_UP = re.compile(r"\b(?:_|n?gettext)\((?:\"(?:[^\"\\]|\\.)*\"(?:, )?)+")
_LITERAL = re.compile(r"\"([A-Z][a-z][^\"]*)\"")
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_PLACE = re.compile(r"%\(\w+\)[sd]|\{\}|\$\{[\w.]+\}")
_NAMES = {"PDF", "SHA", "UTC", "ms"}
_TWO_WORDS = re.compile(r"[a-z]{2,},? [a-z]{2,}|[a-z]{2,}\.$")
_NO_SPEECH = re.compile(r"[<>=;{]|[A-Z]{4,} |\b[a-z]+:[a-z]")  # HTML, a policy, CSS, SQL, an audience
_IN_ENGLISH = (
    "cli/", "comments/imports/", "demo/", "storage/", "app.py", "front_matter.py", "broadcasts/draft.py",
    "magnets/guide.py", "settings.py", "web/process.py",  # a terminal, and the files that are named on it
    "web/api/", "web/lifespan.py", "mail/bounces/listener.py", "web/kit/answering.py",  # programs
    "mail/", "web/public/assets.py",  # logs, and what is kept: tests/mail/test_kept.py
    "providers.py", "web/kit/edge.py",
)  # fmt: skip
"""Where sentences are put together that no page and no mail says."""
LANGUAGES = [language for language in words.LANGUAGES if language != "en"]


@pytest.fixture
def german() -> Iterator[None]:
    words.speak("de")
    yield
    words.speak("en")


def test_every_language_can_be_set() -> None:
    assert [*Settings.__annotations__["language"].__args__] == [*words.LANGUAGES]
    with pytest.raises(KeyError):
        words.speak("tlh")


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_is_said_is_translated(language: str) -> None:
    catalog = gathering.catalog_of(language)
    known = {(message.context, _first(message)): message for message in catalog if message.id}
    said = {(message.context, _first(message)) for message in gathering.gathered() if message.id}
    assert said == known.keys(), "run: python -m tests.words"
    assert not [key for key, message in known.items() if not _all(message.string)]
    assert not catalog.obsolete
    assert not [key for key, message in known.items() if message.fuzzy]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_what_is_put_in_and_the_marks_around_it(language: str) -> None:
    for message in gathering.catalog_of(language):
        if message.id:
            ours = [message.id] if isinstance(message.id, str) else message.id
            for form, translated in enumerate(_all(message.string)):
                said = ours[min(form, len(ours) - 1)]
                assert sorted(_PLACE.findall(said)) == sorted(_PLACE.findall(translated)), said
                assert sorted(_TAG.findall(said)) == sorted(_TAG.findall(translated)), said


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shipped_is_what_was_translated(language: str) -> None:
    """But for the header, in which Babel names itself."""
    shipped = read((gathering.LOCALE / language / "LC_MESSAGES" / "newsletter.mo").read_bytes())
    assert shipped == read(gathering.compiled(gathering.catalog_of(language))), "run: python -m tests.words"


def test_no_template_says_anything_else() -> None:
    folder = gathering.ROOT / "templates"
    paths = [path for pattern in gathering.TEMPLATES for path in folder.glob(pattern)]
    found = {
        path.relative_to(folder).as_posix(): [*_untranslated(path)]
        for path in paths
        if path.suffix in (".html", ".txt")
    }
    assert not {name: said for name, said in found.items() if said}


def test_no_sentence_is_put_together_where_nobody_could_translate_it() -> None:
    package = gathering.ROOT / "newsletter"
    paths = [
        path for path in package.rglob("*.py") if not _is_no_speech(path.relative_to(package).as_posix())
    ]
    assert len(paths) > 200
    found = {path.relative_to(package).as_posix(): [*_put_together(path)] for path in paths}
    assert not {name: said for name, said in found.items() if said}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_certificate_on_paper_says_nothing_else(language: str) -> None:
    source = (gathering.ROOT / "templates" / "admin" / "certificate.typ").read_text("utf-8")
    source = re.sub("//.*", "", source)
    said = re.findall(r'\bsay\("([^"]*)"\)', source)
    translated = {message.id for message in gathering.catalog_of(language) if message.string}
    assert len(said) > 15
    assert {*said} <= translated
    bare = re.sub(r'\bsay\("[^"]*"\)|"[a-z0-9, ]*"|"Figtree"|SHA-256', "", source)
    assert not re.findall(r"\[[A-Z][a-z].*|[\"=*] *[A-Z][a-z]+ .*", bare)


def test_a_day_a_size_and_an_error_in_german(german: None) -> None:
    assert words.day(1_795_600_000_000) == "25. November 2026"
    assert words.size(1_234_567) == "1,2 MB"
    assert words.number(1_234_567) == "1.234.567"
    assert words.gettext("Not found") == "Nicht gefunden"
    assert words.ngettext("%(n)s comment", "%(n)s comments", 2) == "%(n)s Kommentare"


def read(compiled: bytes) -> dict[object, str]:
    known: dict[object, str] = vars(GNUTranslations(BytesIO(compiled)))["_catalog"]
    assert known.pop("")
    return known


@ON_ONE
async def test_a_fresh_database_speaks_it_from_the_start(db: Database, german: None) -> None:
    settings = Settings(secret_keys=("k" * 40,))
    magnets = Magnets(Post(settings, Tokens(settings.secret_keys)))
    await db.write(seed, magnets, b"%PDF-1.7\n%%EOF")
    assert await db.read(lambda tx: tx.value("SELECT title FROM forms")) == "Den kostenlosen Leitfaden holen"


def test_none_of_two_things_is_no_sentence_of_both() -> None:
    """Alone it has the gender of what there is none of: *kein Formular*, *keiner* of guides, *keine* of sequences."""
    for message in gathering.gathered():
        said = str(message.id)
        if re.search(r"\bnone\b", said, re.IGNORECASE) and len(said.split()) < 5:
            assert len({path for path, _ in message.locations}) == 1, said


def _untranslated(path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    for pattern in _NOT_TEXT[:4]:
        text = pattern.sub(" ", text)
    for code in _CODE.findall(text):
        yield from _LITERAL.findall(_LOOKED_UP.sub("", code))
    for pattern in _NOT_TEXT[4:]:
        text = pattern.sub(" ", text)
    spoken = _SPOKEN.findall(text)
    shown = [*spoken, *html.unescape(_ATTRIBUTE.sub(" ", _TAG.sub("\n", text))).splitlines()]
    yield from (line for line in shown if {*_LETTERS.findall(line)} - _NAMES)


def _is_no_speech(name: str) -> bool:
    return name.startswith(_IN_ENGLISH)


def _put_together(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            said = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
            if " " in said.strip() and _TWO_WORDS.search(said) and not _NO_SPEECH.search(said):
                yield said


def _first(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _all(said: str | Sequence[str] | None) -> list[str]:
    return [one for one in ([said] if isinstance(said, str) else said or []) if one]
