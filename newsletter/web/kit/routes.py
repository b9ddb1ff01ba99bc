"""Routes as one app has them."""

from typing import Any, Self

from litestar import Router


class Routes(Router):
    """A router made for a single app. Litestar would copy it with all that its handlers hold, lest two share it: a
    twentieth of the start (measured)."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self
