"""The examination from a terminal: for people, for programs, and for whoever looks at its exit code only."""

import json

import pytest

from newsletter.doctor import names
from tests.cli.machine import Machine

NOBODY = "127.0.0.1:9"
"""Where no name server is."""


def test_what_is_wrong_is_said_with_what_to_do(desk: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_SECONDS", 0.1)
    desk.environment["NEWSLETTER_PUBLIC_URL"] = "http://127.0.0.1:9"
    said = desk.says("doctor", "--resolver", NOBODY, code=1).text
    assert "WRONG  SMTP" in said
    assert "→ Look at NEWSLETTER_SMTP_URL" in said
    assert "ok     Database" in said
    found = json.loads(desk.says("doctor", "--json", "--resolver", NOBODY, code=1).out)
    assert {"area", "level", "sentence", "to_do"} == set(found[0])
    assert [one["level"] for one in found if one["area"] == "SPF"] == ["note"]
    assert "--resolver" in desk.says("doctor", "--resolver", "nonsense:port", code=2).err
