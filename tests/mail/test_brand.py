"""The owner's colour and logo in each mail; whatever they are, it can be read, and nothing else is loaded."""

import logging
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.colours import ENOUGH, contrast
from newsletter.errors import SettingsError
from newsletter.mail.brand import DARK_PAPER, PAPER, Brand, brand_of
from newsletter.mail.messages import Messages
from newsletter.mail.templates import FOLDER, inlined
from newsletter.settings import Settings
from newsletter.tokens import Tokens
from tests.mail.conftest import delivery
from tests.mail.every import KINDS, built
from tests.mail.test_messages import parts
from tests.pictures import png


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_can_be_read(number: int) -> None:
    brand = brand_of(Settings(brand_colour=f"#{number:06x}"))
    assert brand.accent == f"#{number:06x}"
    read = [
        (brand.on_accent, brand.accent),
        (brand.link, PAPER),
        (brand.dark_accent, DARK_PAPER),
        (brand.on_dark_accent, brand.dark_accent),
    ]
    assert min(contrast(*pair) for pair in read) >= ENOUGH


def test_contrast_is_the_one_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert brand_of(Settings()) == Brand()


@pytest.mark.parametrize("kind", ["confirmation", "guide", "moderation", "broadcast"])
def test_it_is_in_each_mail(settings: Settings, tmp_path: Path, kind: str) -> None:
    logo = png(tmp_path / "logo.png", 480, 120)
    _, html = parts(built(msgspec.structs.replace(settings, brand_colour="#B00020", logo=logo), kind))
    assert not re.findall("#1f5f5b|#7cc4bb|#c8742a", html), "ours"
    assert html.count("#b00020") >= 2
    (picture,) = re.findall("<img[^>]+>", html)
    assert re.search(r'src="https://news\.example\.com/logo/[0-9a-f]{12}\.png"', picture)
    assert re.search('(?=.*width="192")(?=.*height="48")(?=.*alt="Olga Writes")', picture)
    assert html.count("Olga Writes</p>") == 0, "the picture says it, and its words where pictures are off"


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#123456;x", "1f5f5b"])
def test_a_colour_that_is_none(colour: str) -> None:
    with pytest.raises(SettingsError, match="NEWSLETTER_BRAND_COLOUR"):
        brand_of(Settings(brand_colour=colour))


def test_a_logo_that_is_none(tmp_path: Path) -> None:
    other = tmp_path / "logo.svg"
    other.write_text("<svg/>")
    large = Path(png(tmp_path / "large.png", 1, 1))
    large.write_bytes(large.read_bytes() + bytes(100_000))
    for path in (other, large, png(tmp_path / "flat.png", 0, 1), tmp_path / "nothing.png", tmp_path):
        with pytest.raises(SettingsError, match="NEWSLETTER_LOGO"):
            brand_of(Settings(logo=str(path)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_mail_programs_drop_nothing_depends_on(settings: Settings, kind: str) -> None:
    """Without its style sheets, each mail looks as it should; Word gets the width that it can't compute."""
    _, html = parts(built(settings, kind))
    assert html.count("<!--[if mso]>") == html.count("<![endif]-->") == 3
    body = html[html.index("<body") :]
    bare = re.findall(r"<(?:h1|p|ul|ol|pre|blockquote|a)\b(?![^>]*\sstyle=)[^>]*>", body)
    assert not bare
    assert all('role="presentation"' in table for table in re.findall("<table[^>]*>", body))
    assert not re.findall("[\ue000-\uf8ff]|\\{[{%]", html)


@pytest.mark.parametrize(
    "path", sorted(FOLDER.rglob("*.html")), ids=lambda path: path.parent.name + path.stem
)
def test_writing_the_styles_changes_nothing_else(path: Path) -> None:
    """What Jinja reads is there as it was, in its order, and so is what people read."""
    source = re.sub(r"\{#.*?#\}\n?", "", path.read_text("utf-8"), flags=re.DOTALL)
    out = inlined(path.read_text("utf-8"), Brand())
    jinja = r"\{%.*?%\}|\{\{.*?\}\}"
    if not re.search("<[^>]*\\{\\{", source):  # the order of attributes is not kept
        assert re.findall(jinja, out, re.DOTALL) == re.findall(jinja, source, re.DOTALL)
    assert sorted(re.findall(jinja, out, re.DOTALL)) == sorted(re.findall(jinja, source, re.DOTALL))
    assert re.sub(r"<[^>]*>|\s", "", out) == re.sub(r"<[^>]*>|\s", "", source)


def test_a_colour_that_is_changed_is_in_the_next_mail_and_one_that_is_none_changes_nothing(
    settings: Settings, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    ours = msgspec.structs.replace(settings)
    messages = Messages(ours, tokens)
    looks = [messages.build(delivery())]
    for colour in ("#b00020", "red", "red", ""):
        msgspec.structs.force_setattr(ours, "brand_colour", colour)
        looks.append(messages.build(delivery()))
    assert b"#b00020" not in looks[0]
    assert b"#b00020" in looks[1]
    assert looks[2] == looks[3] == looks[1]
    assert looks[4] == looks[0]
    (said,) = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert said.startswith("Mails look as they did: NEWSLETTER_BRAND_COLOUR must be #")
