"""deploy/*.lock: everything that is installed is pinned by hash, and nothing says where it comes from."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import ROOT

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RUNTIME = PYPROJECT["project"]["dependencies"]
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
GROUPS = PYPROJECT["dependency-groups"]
WANTED = {
    "requirements.lock": RUNTIME,
    "requirements-server.lock": [*RUNTIME, *EXTRAS["postgres"], *EXTRAS["xlsx"]],
    "requirements-build.lock": [*GROUPS["build"], *PYPROJECT["build-system"]["requires"]],
    "requirements-dev.lock": [
        *RUNTIME,
        *(need for needs in EXTRAS.values() for need in needs),
        *(need for needs in GROUPS.values() for need in needs if isinstance(need, str)),
    ],
}


def pinned(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", path.read_text("ascii"), re.MULTILINE))


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_holds_what_is_needed_at_an_allowed_version(name: str) -> None:
    pins = pinned(ROOT / "deploy" / name)
    for need in map(Requirement, WANTED[name]):
        version = pins.get(canonicalize_name(need.name))
        assert version, f"{need.name} is not in deploy/{name}. Run: make lock"
        assert need.specifier.contains(version), f"deploy/{name} has {need.name} {version}. Run: make lock"


@pytest.mark.parametrize("name", WANTED)
def test_a_lock_is_pins_and_hashes_only(name: str) -> None:
    pin = r"[a-z0-9.-]+==[\w.+]+(?: ; [^\\\n]+)? \\"
    for line in (ROOT / "deploy" / name).read_text("ascii").splitlines():
        assert re.fullmatch(rf"{pin}|    --hash=sha256:[0-9a-f]{{64}}(?: \\)?", line), line


def test_all_locks_agree() -> None:
    dev = pinned(ROOT / "deploy/requirements-dev.lock")
    for name in WANTED:
        assert pinned(ROOT / "deploy" / name).items() <= dev.items()
