"""How costs grow: a table of figures by size, and how many times as much each thing takes among more."""

from collections.abc import Iterator, Mapping

Figures = Mapping[str, float]
WIDTH = 30  # of the longest bar
SLOW = 1.5  # times as long, above which a line is marked


def table(found: Mapping[int, Figures]) -> Iterator[str]:
    sizes = list(found)
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    yield "| | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    yield "|---|" + "---:|" * len(sizes)
    for name in names:
        cells = (shown(found[size].get(name)) for size in sizes)
        yield f"| {name.replace('_', ' ')} | " + " | ".join(cells) + " |"


def shown(value: float | None) -> str:
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}"


def costs(found: Mapping[int, Figures]) -> dict[str, list[float]]:
    """What one of each costs, as many times what it does at the smallest size; only where all sizes have it."""
    sizes = list(found)
    grown = {}
    for name, first in found[sizes[0]].items():
        values = [found[size].get(name) for size in sizes]
        if None in values or not first or not (name.endswith(("_per_second", "_ms", "_per_1000"))):
            continue
        times = [value / first for value in values if value is not None]
        rate = name.endswith("_per_second")
        if not all(times):
            continue
        grown[name.removesuffix("_per_second")] = [1 / one if rate else one for one in times]
    return grown


def chart(found: Mapping[int, Figures]) -> Iterator[str]:
    """Bars: one subscriber, one row or one answer, at each size."""
    if len(found) < 2:
        return
    sizes, grown = list(found), costs(found)
    longest = max(max(times) for times in grown.values())
    yield from ("", f"What one costs, beside what it costs among {sizes[0]:,}:", "", "```")
    for name, times in grown.items():
        yield name.replace("_", " ")
        for size, one in zip(sizes, times, strict=True):
            bar = "█" * max(1, round(one / longest * WIDTH))
            yield f"  {size:>11,}  {bar} {one:.2f}{'  !' if one > SLOW else ''}"
    yield from ("```", "", f"`!`: more than {SLOW} times.")
