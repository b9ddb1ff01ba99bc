"""The small picture beside a commenter's name: a flower drawn from a keyed hash, so that no third party is asked.

The hash is made by Tokens.fingerprint from the address and the page's origin; without the install's key nobody can
try addresses until one draws the same flower.
"""

import math

_SIZE, _MIDDLE = 128, 64
_WIDEST = math.radians(40)  # half a petal
_LIGHTNESS, _CHROMA = 0.84, 0.075  # of the ground; in OKLCH, where every hue is equally light
_ANGLES = 24  # hues, 15 degrees apart: nearer ones look the same in a small picture


def avatar(fingerprint: str) -> str:
    """An SVG of at most 700 bytes for a keyed hash (at least 16 hexadecimal digits)."""
    dice = bytes.fromhex(fingerprint[:16])
    hue = dice[0] % _ANGLES * 360 / _ANGLES
    other = hue + (40, 150, 180, 210, 320)[dice[1] % 5]
    petals = 3 + dice[2] % 6
    turn = 90 if dice[3] % 2 else 90 + 180 / petals
    outer = _ring(petals, turn, 40 + dice[4] % 16, 0.5 + dice[5] % 4 * 0.22)
    inner = _ring(petals, turn + (180 / petals if dice[6] % 2 else 0), 24 + dice[6] // 2 % 10, 0.7)
    ground = _colour(_LIGHTNESS, _CHROMA, hue)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" width="40" height="40" '
        f'aria-hidden="true"><circle cx="{_MIDDLE}" cy="{_MIDDLE}" r="{_MIDDLE}" fill="{ground}"/>'
        f'<path d="{outer}" fill="{_colour(0.6, 0.13, hue)}"/>'
        f'<path d="{inner}" fill="{_colour(0.93, 0.06, other)}"/>'
        f'<circle cx="{_MIDDLE}" cy="{_MIDDLE}" r="{6 + dice[7] % 5}" fill="{_colour(0.55, 0.14, other)}"/></svg>'
    )


def _ring(petals: int, turn: float, length: float, width: float) -> str:
    """Petals around the middle, each one curve out and back; `turn` in degrees, `width` of half a petal's share."""
    half = min(math.pi / petals * width, _WIDEST)
    reach = length * 4 / 3 / math.cos(half)  # a cubic comes three quarters of the way to its two handles
    path = f"M{_MIDDLE} {_MIDDLE}"
    for petal in range(petals):
        angle = math.radians(turn) + petal * math.tau / petals
        path += f"C{_point(angle - half, reach)} {_point(angle + half, reach)} {_MIDDLE} {_MIDDLE}"
    return path


def _point(angle: float, reach: float) -> str:
    return f"{_MIDDLE + reach * math.cos(angle):.0f} {_MIDDLE - reach * math.sin(angle):.0f}"


def _colour(lightness: float, chroma: float, hue: float) -> str:
    """OKLCH as a hexadecimal sRGB colour (Björn Ottosson's matrices, 2020)."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_channel(value):02x}" for value in linear)


def _channel(linear: float) -> int:
    clipped = min(max(linear, 0.0), 1.0)
    curved = 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055
    return round(255 * curved)
