"""Colours as ``#rrggbb``: how well one is read on another, and as much of one as can be read (WCAG 2.2)."""

ENOUGH = 4.5  # 1.4.3, AA
BLACK, WHITE = "#000000", "#ffffff"


def contrast(one: str, other: str) -> float:
    """1 to 21."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def mixed(one: str, other: str, share: float) -> str:
    """So much of `one` in `other`: 0 to 1."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def text_on(colour: str) -> str:
    """Black or white: one of the two always has a contrast of 4.58."""
    return max(WHITE, BLACK, key=lambda text: contrast(text, colour))


def readable(colour: str, on: str) -> str:
    """As much of `colour` as can be read on `on`."""
    steps = (mixed(text_on(on), colour, share / 10) for share in range(11))
    return next(step for step in steps if contrast(step, on) >= ENOUGH)


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(colour: str) -> float:
    """0 to 1."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
