"""Programs of others that a proof runs. Where one is missing the proof is skipped; where CI=true, it fails."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def program(name: str, package: str) -> str:
    """Its path; beside this Python, or wherever the system has it."""
    beside = Path(sys.executable).parent / name
    if found := str(beside) if beside.exists() else shutil.which(name):
        return found
    reason = f"{name} is not installed ({package})."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
