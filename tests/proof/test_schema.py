"""The API does what its description says: asked what that allows, and what it doesn't, with a token and without one.

Schemathesis makes the requests, on a live server. Left out are two of its checks. That all which fits the schema is
taken: a schema can't say that a slug is free, or that a version is the newest. And that a missing header is told by 400
or 422: ours is If-Match, and RFC 6585 has 428 for that.
"""

import asyncio
import json
import sys
from pathlib import Path

import dns.resolver
import pytest

from newsletter.owners import SCOPES
from newsletter.web.api import door
from tests.conftest import Clock
from tests.doctor.conftest import Zone, names_at, zone
from tests.figures import Figure
from tests.ports import free_ports
from tests.proof.conftest import SIZE
from tests.web.conftest import set_clock
from tests.web.stage import serving

__all__ = ["zone"]  # a fixture

WITH_A_TOKEN = ("--phases", "examples,coverage,fuzzing", "--max-examples", str(2 * SIZE))
WITHOUT_ONE = ("--phases", "examples,fuzzing", "--max-examples", str(4 * SIZE))
LEFT_OUT = "positive_data_acceptance,missing_required_header"


async def _asked(url: str, folder: Path, *more: str) -> tuple[int, str]:
    """How it ended, and what it said."""
    asking = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/openapi.json", "--checks", "all",
        "--exclude-checks", LEFT_OUT, "--seed", "1",
        "--warnings", "off", "--no-color", "--report", "ndjson", "--report-ndjson-path", str(folder / "report.ndjson"),
        *more, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asking.communicate()
    return asking.returncode or 0, said.decode()


def _tally(folder: Path) -> dict[str, int]:
    """How many answers had each status."""
    found: dict[str, int] = {}
    for line in (folder / "report.ndjson").read_text("utf-8").splitlines():
        _count(json.loads(line), found)
    return found


def _count(part: object, found: dict[str, int]) -> None:
    if isinstance(part, dict):
        if isinstance(status := part.get("status_code"), int):
            found[str(status)] = found.get(str(status), 0) + 1
        for inner in part.values():
            _count(inner, found)
    elif isinstance(part, list):
        for inner in part:
            _count(inner, found)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("known", [True, False], ids=["with a token", "without one"])
async def test_it_does_what_its_description_says(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    figure: Figure,
    zone: Zone,
    known: bool,
) -> None:
    set_clock(monkeypatch, clock)
    monkeypatch.setattr(dns.resolver.BaseResolver, "read_resolv_conf", names_at(zone))
    monkeypatch.setattr(door, "PER_MINUTE", 1_000_000)  # who asks so much is held up otherwise
    monkeypatch.setattr(door, "WRONG_TOKENS", 1_000_000)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    async with serving(database_url, tmp_path, clock, worker=False, port=port, public_url=url) as stage:
        token = await stage.site.db.write(stage.site.api_tokens.new, "Shop", SCOPES, None)
        how = (*WITH_A_TOKEN, "-H", f"Authorization: Bearer {token}") if known else WITHOUT_ONE
        code, said = await _asked(url, tmp_path, *how)
    answers = _tally(tmp_path)
    broken = sum(count for status, count in answers.items() if status.startswith("5"))
    name = "api_with_a_token" if known else "api_without_a_token"
    figure(f"{name}_answers", sum(answers.values()), ">= 150", sum(answers.values()) >= 150)
    figure(f"{name}_server_errors", broken, "0", broken == 0)
    figure(f"{name}_as_described", "yes" if code == 0 else "no", "yes", code == 0)
    assert (code, broken) == (0, 0), said
    assert sum(answers.values()) >= 150
