"""A form's own colours: held to WCAG's contrast, and the only style that stands in its page."""

import pytest

from newsletter.colours import ENOUGH, contrast
from newsletter.errors import BadInput
from newsletter.web.kit.colours import allowed, faults, read, style


def test_a_colour_is_read_or_refused() -> None:
    assert (read(" #1F5F5B "), read("1f5f5b"), read("")) == ("#1f5f5b", "#1f5f5b", "")
    for wrong in ("red", "#fff", "#1f5f5b;}", "url(x)"):
        with pytest.raises(BadInput):
            read(wrong)


def test_contrast_is_wcags() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)  # the best known near miss


@pytest.mark.parametrize(
    ("accent", "background", "wrong"),
    [
        ("", "", []),
        ("#1f5f5b", "", []),
        ("#c8742a", "", ["accent"]),
        ("", "#808080", ["background"]),
        ("", "#ffeedd", []),
        ("", "#101820", []),
        ("#1f5f5b", "#101820", ["accent"]),
        ("#ffcc00", "#101820", []),
    ],
)
def test_what_cannot_be_read_is_told_beside_what_to_change(
    accent: str, background: str, wrong: list[str]
) -> None:
    found = faults(accent, background)
    assert list(found) == wrong
    assert all(f"{ENOUGH}:1 is needed" in sentence for sentence in found.values())


def test_what_stands_in_the_style_can_be_read() -> None:
    for accent in ("#1f5f5b", "#7a1f5b", "#000000", "#0000ff", "#8b0000"):
        light, _, dark = style(accent, "").partition("prefers-color-scheme:dark")
        for text, ground in ((light, "#f6f5f1"), (dark, "#1d232a")):
            names = dict(part.split(":") for part in text.partition(":root{")[2].partition("}")[0].split(";"))
            assert contrast(names["--accent"], ground) >= ENOUGH
            assert contrast(names["--accent-deep"], ground) >= ENOUGH
            assert contrast(names["--on-accent"], names["--accent"]) >= ENOUGH
    assert style("", "") == allowed("") == ""
