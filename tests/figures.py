"""A measured figure and whether it holds its goal: one JSON line, the same from benches and proofs."""

import json
from typing import Protocol


class Figure(Protocol):
    """How a bench or a proof hands in what it measured: `value` in the unit its name ends with.

    `figure("confirm_stored_to_bare_ratio", 0.71, ">= 0.6", 0.71 >= 0.6)`
    """

    def __call__(self, name: str, value: float | str, goal: str = "", holds: bool | None = None) -> None: ...


def line(name: str, value: float | str, goal: str = "", holds: bool | None = None) -> str:
    """What has no goal holds."""
    shown = round(value, 4) if isinstance(value, float) else value
    return json.dumps({"name": name, "value": shown, "goal": goal or None, "holds": holds is not False})
