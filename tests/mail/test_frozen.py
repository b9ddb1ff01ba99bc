"""What storage and mail hand to others is theirs to read and nobody's to change, but for what says otherwise here."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec

from newsletter import mail, storage

ROWS = {
    "newsletter.mail.domain_counts.Came",
    "newsletter.mail.domains.Standing",
    "newsletter.mail.trouble.Taken",
}
"""As they were read, for who read them."""


def handed_out() -> Iterator[type[msgspec.Struct]]:
    """Those without a line before their names."""
    for package in (mail, storage):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                is_one = isinstance(value, type) and issubclass(value, msgspec.Struct)
                if is_one and value.__module__ == found.name and not name.startswith("_"):
                    yield value


def test_each_is_frozen_or_named() -> None:
    loose = {f"{one.__module__}.{one.__name__}" for one in handed_out() if not one.__struct_config__.frozen}
    assert loose == ROWS
    assert len(list(handed_out())) > 40
