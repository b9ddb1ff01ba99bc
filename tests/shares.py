"""How much of a long list of bad input a test goes through: `make test` a share, `make proof` all of it."""

import os
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

WHOLE = os.environ.get("WHOLE") == "1"


def share(items: Sequence[T], one_in: int) -> Sequence[T]:
    """One in so many of them, from all over the list. A test that does so is marked `whole`: proofs run it anew."""
    return items if WHOLE else items[::one_in]
