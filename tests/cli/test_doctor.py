"""The examination from a terminal: for people, for programs, and for whoever looks at its exit code only."""

import json
import re

import pytest

from newsletter.doctor import names
from newsletter.storage import Tx
from tests.cast import House
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


def test_domains_with_trouble_are_told_and_make_it_end_with_1(desk: Machine) -> None:
    assert "Nothing was sent in 30 days." in desk.says("doctor", "domains").text
    assert json.loads(desk.says("doctor", "domains", "--json").text) == []

    async def refused(house: House) -> None:
        for n in range(4):
            await house.db.write(_refused, n)

    desk.act(refused)
    said = desk.says("doctor", "domains", code=1).text
    assert re.search(r"example\.com +4 +0 +0 +4 +0\n  It refuses you", said)
    (row,) = json.loads(desk.says("doctor", "domains", "--json", code=1).text)
    assert (row["policy"], row["verdict"]) == (4, "policy")


async def _refused(tx: Tx, id: int) -> None:
    sql = """INSERT INTO outbox (id, message, priority, recipient, context, message_id, state, not_before, created_at,
                 settled_at) VALUES (:id, 'x', 10, 'a@example.com', '{}', 'x', 'sent', 0, :now, :now)"""
    await tx.run(sql, id=id, now=tx.now)
    sql = "INSERT INTO bounces (outbox_id, kind, sent_at, at) VALUES (:id, 'policy', :now, :now)"
    await tx.run(sql, id=id, now=tx.now)
