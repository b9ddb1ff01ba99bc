"""The picture beside a name: small, still, one's own, and telling nothing."""

import hashlib
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comments.avatars import avatar

SVG = "{http://www.w3.org/2000/svg}"
HASH = st.binary(min_size=32, max_size=32).map(bytes.hex)


def of(name: str) -> str:
    return avatar(hashlib.sha256(name.encode()).hexdigest())


@given(HASH)
def test_it_is_a_small_picture_and_nothing_else(fingerprint: str) -> None:
    svg = avatar(fingerprint)

    root = ElementTree.fromstring(svg)
    assert len(svg.encode()) <= 700
    assert root.get("aria-hidden") == "true"
    assert {element.tag for element in root.iter()} == {SVG + "svg", SVG + "circle", SVG + "path"}
    names = {name for element in root.iter() for name in element.keys()}  # noqa: SIM118  an element is no dict
    assert names == {"viewBox", "width", "height", "aria-hidden", "cx", "cy", "r", "fill", "d"}
    assert svg.count("http") == 1  # the name of the format, which nobody asks for
    assert fingerprint[:8] not in svg


@given(HASH)
def test_its_petals_stay_inside_and_mirror_each_other(fingerprint: str) -> None:
    for path in re.findall(r' d="M64 64([^"]+)"', avatar(fingerprint)):
        petals = [tuple(map(int, petal.split()))[:4] for petal in path.split("C")[1:]]
        assert 3 <= len(petals) <= 8
        for x1, y1, x2, y2 in petals:
            tip = complex((3 * x1 + 3 * x2 + 128) / 8 - 64, (3 * y1 + 3 * y2 + 128) / 8 - 64)
            assert 20 < abs(tip) < 60
            mirrored = (128 - x2, y2, 128 - x1, y1)
            assert any(max(abs(a - b) for a, b in zip(mirrored, other, strict=True)) <= 1 for other in petals)


@given(HASH)
def test_it_is_seen_on_light_and_on_dark(fingerprint: str) -> None:
    ground, petals, *_ = map(luminance, re.findall(r'fill="#(\w{6})"', avatar(fingerprint)))

    assert contrast(ground, luminance("16181d")) > 7
    assert contrast(petals, 1) > 3
    assert contrast(ground, petals) > 1.8


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2.2."""
    channels = [int(colour[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_one_hash_is_one_picture_and_another_is_another() -> None:
    assert of("ada") == of("ada")
    assert len({of(f"reader {n}") for n in range(1_000)}) > 990


def test_what_is_no_hash_is_no_picture() -> None:
    with pytest.raises(ValueError):
        avatar("ada@example.org")
