"""A picture that a phone reads a link from: a QR code (ISO/IEC 18004), of bytes, at level M, in versions 1 to 10.

That is enough for 213 bytes. It is made here, so that no secret leaves the house, and needs no package.
"""

import re
from collections.abc import Iterable
from functools import reduce
from itertools import pairwise
from operator import xor

from markupsafe import Markup

QUIET = 4  # modules around it, which readers need

_BLOCKS = (  # of versions 1 to 10 at level M: check words of each block, and the data words of each
    (10, (16,)),
    (16, (28,)),
    (26, (44,)),
    (18, (32,) * 2),
    (24, (43,) * 2),
    (16, (27,) * 4),
    (18, (31,) * 4),
    (22, (38,) * 2 + (39,) * 2),
    (22, (36,) * 3 + (37,) * 2),
    (26, (43,) * 4 + (44,)),
)
_CENTRES = (
    (), (6, 18), (6, 22), (6, 26), (6, 30), (6, 34), (6, 22, 38), (6, 24, 42), (6, 26, 46), (6, 28, 50),
)  # fmt: skip
_MASKS = (
    lambda x, y: (x + y) % 2,
    lambda _x, y: y % 2,
    lambda x, _y: x % 3,
    lambda x, y: (x + y) % 3,
    lambda x, y: (x // 3 + y // 2) % 2,
    lambda x, y: x * y % 2 + x * y % 3,
    lambda x, y: (x * y % 2 + x * y % 3) % 2,
    lambda x, y: ((x + y) % 2 + x * y % 3) % 2,
)
_RUN = re.compile("0{5,}|1{5,}")
_LIKE_A_FINDER = re.compile("(?=10111010000|00001011101)")
_FORMAT = 0x537, 10, 0x5412
_VERSION = 0x1F25, 12, 0

Modules = list[list[int]]
"""Rows of 0 and 1: dark."""


class TooLong(ValueError):
    """More than fits into the largest that we make."""


def svg(text: str, label: str) -> Markup:
    """Inline, without a style or a script: dark on white, whatever the page's colours. Raises TooLong."""
    rows = modules(text)
    size = len(rows) + 2 * QUIET
    runs = (
        f"M{found.start() + QUIET} {y + QUIET}h{len(found[0])}v1h-{len(found[0])}z"
        for y, row in enumerate(rows)
        for found in re.finditer("1+", _line(row))
    )
    return Markup(  # the words are escaped by `format`
        '<svg class="qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" width="{1}" height="{1}" role="img" '
        'aria-label="{2}"><path fill="#fff" d="M0 0h{0}v{0}H0z"/><path fill="#000" d="{3}"/></svg>'
    ).format(size, 4 * size, label, "".join(runs))


def modules(text: str, mask: int | None = None) -> Modules:
    """Without the quiet zone, under the mask that reads best unless one is named. Raises TooLong."""
    version, words = _words(text.encode())
    bits = "".join(f"{word:08b}" for word in words)
    if mask is not None:
        return _drawn(version, bits, mask)
    return min((_drawn(version, bits, one) for one in range(len(_MASKS))), key=_unrest)


def _words(data: bytes) -> tuple[int, list[int]]:
    """The smallest version that holds it, and the words in the order in which they are drawn. Raises TooLong."""
    for version, (check, blocks) in enumerate(_BLOCKS, 1):
        room, length = 8 * sum(blocks), 16 if version > 9 else 8
        bits = f"0100{len(data):0{length}b}" + "".join(f"{byte:08b}" for byte in data)
        if len(bits) > room:
            continue
        bits += "0" * min(4, room - len(bits))
        bits += "0" * (-len(bits) % 8)
        bits += ("1110110000010001" * room)[: room - len(bits)]
        whole = [int(bits[at : at + 8], 2) for at in range(0, room, 8)]
        return version, _interleaved(whole, check, blocks)
    raise TooLong(f"{len(data)} bytes")


def _interleaved(words: list[int], check: int, blocks: tuple[int, ...]) -> list[int]:
    """The first of each block, the second of each, and so on; then the same of their check words."""
    starts = [sum(blocks[:n]) for n in range(len(blocks))]
    data = [words[start : start + size] for start, size in zip(starts, blocks, strict=True)]
    checks = [_checked(one, check) for one in data]
    return [
        one[n]
        for kind, most in ((data, max(blocks)), (checks, check))
        for n in range(most)
        for one in kind
        if n < len(one)
    ]


def _checked(data: list[int], count: int) -> list[int]:
    """Reed and Solomon's: what is left after a division by (x - 2^0) … (x - 2^(count-1)), over GF(256)."""
    divisor = [1]
    for power in range(count):
        root = _times_two(1, power)
        divisor = [a ^ _times(b, root) for a, b in zip([*divisor, 0], [0, *divisor], strict=True)]
    left = [*data, *[0] * count]
    for at in range(len(data)):
        if factor := left[at]:
            for n, one in enumerate(divisor):
                left[at + n] ^= _times(one, factor)
    return left[-count:]


def _times(a: int, b: int) -> int:
    return reduce(xor, (_times_two(a, n) for n in range(8) if b >> n & 1), 0)


def _times_two(a: int, often: int) -> int:
    for _ in range(often):
        a = a << 1 ^ (0x11D if a & 0x80 else 0)
    return a


def _drawn(version: int, bits: str, mask: int) -> Modules:
    """All of it: what every code of its size has, what says how to read it, and the words in their zigzag."""
    fixed = _fixed(version)
    for at, bit in _said(version, mask).items():
        fixed[at] = bit
    size = 17 + 4 * version
    free = (place for place in _zigzag(size) if place not in fixed)
    drawn = {
        (x, y): (int(bits[n]) if n < len(bits) else 0) ^ (not _MASKS[mask](x, y))
        for n, (x, y) in enumerate(free)
    } | fixed
    return [[drawn[x, y] for x in range(size)] for y in range(size)]


def _fixed(version: int) -> dict[tuple[int, int], int]:
    """Finders, timing and alignment, by (x, y)."""
    size = 17 + 4 * version
    fixed = {place: n % 2 ^ 1 for n in range(size) for place in ((6, n), (n, 6))}
    for left, top in ((3, 3), (size - 4, 3), (3, size - 4)):
        for x, y in _around(left, top, 4):
            if 0 <= x < size and 0 <= y < size:
                fixed[x, y] = int(max(abs(x - left), abs(y - top)) not in (2, 4))
    centres = _CENTRES[version - 1]
    corners = ((6, 6), (6, size - 7), (size - 7, 6))
    for left, top in ((x, y) for x in centres for y in centres if (x, y) not in corners):
        for x, y in _around(left, top, 2):
            fixed[x, y] = int(max(abs(x - left), abs(y - top)) != 1)
    return fixed


def _around(x: int, y: int, far: int) -> list[tuple[int, int]]:
    return [(x + dx, y + dy) for dx in range(-far, far + 1) for dy in range(-far, far + 1)]


def _said(version: int, mask: int) -> dict[tuple[int, int], int]:
    """Level M and the mask, twice; from version 7 on the version, twice."""
    size = 17 + 4 * version
    bits = _guarded(mask, *_FORMAT)
    one = [(8, n) for n in (0, 1, 2, 3, 4, 5, 7, 8)] + [(n, 8) for n in (7, 5, 4, 3, 2, 1, 0)]
    other = [(size - 1 - n, 8) for n in range(8)] + [(8, size - 7 + n) for n in range(7)]
    said = {place: bits >> n & 1 for places in (one, other) for n, place in enumerate(places)}
    said[8, size - 8] = 1
    if version >= 7:
        bits = _guarded(version, *_VERSION)
        for n in range(18):
            far, near = size - 11 + n % 3, n // 3
            said[far, near] = said[near, far] = bits >> n & 1
    return said


def _guarded(data: int, divisor: int, count: int, pattern: int) -> int:
    """With the check bits of Bose, Chaudhuri and Hocquenghem."""
    left = data << count
    while left.bit_length() > count:
        left ^= divisor << left.bit_length() - count - 1
    return (data << count | left) ^ pattern


def _zigzag(size: int) -> list[tuple[int, int]]:
    """Columns in pairs from the right, up and down by turns; the timing's column belongs to no pair."""
    rights = [*range(size - 1, 6, -2), *range(5, 0, -2)]
    return [
        (right - side, y)
        for n, right in enumerate(rights)
        for y in (range(size - 1, -1, -1) if n % 2 == 0 else range(size))
        for side in (0, 1)
    ]


def _unrest(rows: Modules) -> int:
    """What makes it hard to read: long runs, blocks, what looks like a finder, more dark than light."""
    lines = [_line(row) for row in (*rows, *zip(*rows, strict=True))]
    runs = sum(len(found) - 2 for line in lines for found in _RUN.findall(line))
    finders = sum(len(_LIKE_A_FINDER.findall(line)) for line in lines)
    blocks = sum(
        above[x] == above[x + 1] == below[x] == below[x + 1]
        for above, below in pairwise(rows)
        for x in range(len(rows) - 1)
    )
    dark = sum(map(sum, rows)) / len(rows) ** 2
    return runs + 3 * blocks + 40 * finders + 10 * int(abs(dark - 0.5) * 20)


def _line(row: Iterable[int]) -> str:
    return "".join(map(str, row))
