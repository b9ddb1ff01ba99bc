"""Pictures for phones: compared with another program's, and read back by a reader of the test's own."""

import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.web.kit import qr

LINK = "otpauth://totp/Olga%20Writes%3Aolga%40example.org?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567&issuer=Olga"
FULL = (14, 26, 42, 62, 84, 106, 122, 152, 180, 213)
"""Bytes that fill versions 1 to 10: nothing is padded, so that all programs draw the same."""

SEGNO = (  # version 1.6.6: SHA-256 over the rows of LINK, repeated and cut to that length, under mask version % 8
    "6c0799246db1f5cc", "3e1641e17c076505", "33936e726b7076ef", "5e5d35724df42e16", "06ca1b1748d8341c",
    "9a334c6b2eae77df", "e63fcbf361233141", "5350813c0cdb5b57", "a549d9d4ec0b6f31", "0ef5c77f2ef60e33",
)  # fmt: skip
SHARES = (16, 28, 44, 64, 86, 108, 124, 154, 182, 216)  # of all words, those that are data
BLOCKS = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5)


@pytest.mark.parametrize(("version", "full", "seen"), [*zip(range(1, 11), FULL, SEGNO, strict=True)])
def test_it_draws_what_another_program_draws(version: int, full: int, seen: str) -> None:
    rows = qr.modules((LINK * 3)[:full], version % 8)
    assert len(rows) == 17 + 4 * version
    assert hashlib.sha256(b"".join(map(bytes, rows))).hexdigest()[:16] == seen


@given(st.text(min_size=1, max_size=53))
@settings(max_examples=40, deadline=None)
def test_what_is_drawn_is_read(text: str) -> None:
    assert read(qr.modules(text)) == text


def test_each_mask_is_read_and_too_much_is_refused() -> None:
    for mask in range(8):
        assert read(qr.modules(LINK, mask)) == LINK
    assert read(qr.modules("x" * 213)) == "x" * 213
    with pytest.raises(qr.TooLong):
        qr.modules("x" * 214)


def test_the_picture_needs_neither_style_nor_script() -> None:
    picture = qr.svg(LINK, 'For "you" <b>')
    assert re.search(r"style|script|href|<b>|\"you\"", picture) is None
    assert 'viewBox="0 0 49 49"' in picture, "41 modules and a quiet zone of 4"
    assert seen(picture) == LINK


def seen(page: str) -> str:
    """What the one picture on a page says."""
    ((size,),) = [re.findall(r'<svg class="qr"[^>]* viewBox="0 0 (\d+) ', page)]
    path = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", page)
    dark = {(int(x) + n - 4, int(y) - 4) for x, y, long, _ in path for n in range(int(long))}
    side = range(int(size) - 8)
    return read([[int((x, y) in dark) for x in side] for y in side])


def read(rows: list[list[int]]) -> str:
    """As a phone does it, for one that has no fault."""
    size = len(rows)
    version = (size - 17) // 4
    words = _words(rows, version)
    share, count = SHARES[version - 1], BLOCKS[version - 1]
    short, longer = divmod(share, count)
    sizes = [short + (n >= count - longer) for n in range(count)]
    data: list[list[int]] = [[] for _ in sizes]
    left = iter(words)
    for n in range(max(sizes)):
        for block, most in zip(data, sizes, strict=True):
            if n < most:
                block.append(next(left))
    bits = "".join(f"{word:08b}" for block in data for word in block)
    assert bits[:4] == "0100"
    length = 16 if version > 9 else 8
    whole = int(bits[4 : 4 + length], 2)
    body = bits[4 + length : 4 + length + 8 * whole]
    return bytes(int(body[at : at + 8], 2) for at in range(0, len(body), 8)).decode()


def _words(rows: list[list[int]], version: int) -> list[int]:
    """In the order in which they stand, without the mask that the picture says it has."""
    size = len(rows)
    mask = (rows[8][2] ^ 1) * 4 + rows[8][3] * 2 + (rows[8][4] ^ 1)
    bits, upward, right = "", True, size - 1
    while right > 0:
        right -= right == 6
        for y in reversed(range(size)) if upward else range(size):
            for x in (right, right - 1):
                if not _reserved(x, y, version):
                    bits += str(rows[y][x] ^ _flips(mask, x, y))
        upward, right = not upward, right - 2
    return [int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)]


def _reserved(x: int, y: int, version: int) -> bool:
    size, last = 17 + 4 * version, 10 + 4 * version
    centres = (6, last) if version < 7 else (6, (6 + last) // 2, last)
    corners = {(6, 6), (6, last), (last, 6)}
    return (
        6 in (x, y)
        or (x < 9 and y < 9)
        or (x >= size - 8 and y < 9)
        or (x < 9 and y >= size - 8)
        or (version >= 7 and (min(x, y) < 6 and max(x, y) >= size - 11))
        or (
            version > 1
            and any(
                abs(x - a) < 3 and abs(y - b) < 3 and (a, b) not in corners for a in centres for b in centres
            )
        )
    )


def _flips(mask: int, x: int, y: int) -> int:
    kinds = (
        x + y, y, x, x + y, y // 2 + x // 3, (x * y) % 2 + (x * y) % 3, (x * y) % 2 + (x * y) % 3,
        (x + y) % 2 + (x * y) % 3,
    )  # fmt: skip
    return int(kinds[mask] % (2, 2, 3, 3, 2, 7, 2, 2)[mask] == 0)
