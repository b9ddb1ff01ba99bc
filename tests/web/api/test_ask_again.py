"""Readers asked by a program whether they stay: the draft, how it stands, and who is let go once it knows how many."""

import pytest

from newsletter.clock import DAY
from newsletter.web.kit import asking_again
from tests.web.api.conftest import ROOT, Program
from tests.web.stage import ADA, BEN, CLEO, Stage
from tests.web.test_desk_ask_again import _sent as sent_to

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/ask-again"
NOTHING = {"state": "none", "broadcast": None, "stay": 0, "silent": 0, "until": None}


async def test_who_does_not_answer_is_let_go(shop: Program, stage: Stage) -> None:
    paths = [await shop.adds(email, imported="x") for email in (ADA, BEN, CLEO)]
    ada, ben = (int(path.rpartition("/")[2]) for path in paths[:2])
    assert await shop.get(PATH) == NOTHING
    wrong = await shop.ask("POST", PATH, 422, json={"audience": "tag"})
    assert wrong.json()["errors"].keys() == {"audience"}
    head = {"Idempotency-Key": "once"}
    made, again = [
        await shop.ask("POST", PATH, 201, json={"audience": "joined > 2026-01-01"}, headers=head)
        for _ in range(2)
    ]
    assert made.headers["Location"] == again.headers["Location"]
    draft = await shop.get(made.headers["Location"].removeprefix(ROOT))
    assert (draft["state"], draft["audience"]) == ("draft", "joined > 2026-01-01")
    assert (await shop.get(PATH))["state"] == "draft"
    await shop.ask("POST", PATH, 409, json={})
    await shop.ask("POST", f"{PATH}/let-go", 409, json={"silent": 0})

    id = int(draft["id"])
    await stage.site.db.write(sent_to, id, (ada, ben))
    await shop.ask("PUT", f"{paths[0]}/tags/stays-{id}")
    now = await shop.get(PATH)
    assert (now["state"], now["broadcast"], now["stay"], now["silent"]) == ("asked", str(id), 1, 1)
    await shop.ask("POST", f"{PATH}/let-go", 409, json={"silent": 1})
    stage.clock.forward(14 * DAY)
    assert (await shop.get(PATH))["state"] == "over"
    await shop.ask("POST", f"{PATH}/let-go", 409, json={"silent": 2})
    assert (await shop.ask("POST", f"{PATH}/let-go", json={"silent": 1})).json() == {
        "unsubscribed": 1,
        "silent": 0,
    }
    assert [(await shop.get(path))["status"] for path in paths] == ["active", "unsubscribed", "active"]
    for whom, gone in (([ada], 0), ([ada, ben], 1)):  # who has said yes since they were looked for
        assert await stage.site.db.write(asking_again.unsubscribe, stage.site, id, whom) == gone
    assert (await shop.ask("POST", f"{PATH}/end")).json() == NOTHING
    assert await stage.site.db.write(asking_again.unsubscribe, stage.site, id, [ada]) is None
    assert (await shop.get(paths[0]))["status"] == "active"  # nobody knows any more that she said yes
    assert (await shop.get(paths[0]))["tags"] == []


async def test_its_draft_was_deleted(shop: Program) -> None:
    made = await shop.ask("POST", PATH, 201, json={})
    await shop.ask("DELETE", made.headers["Location"].removeprefix(ROOT), 204, headers={"If-Match": "*"})
    assert (await shop.get(PATH))["state"] == "deleted"
    assert (await shop.ask("POST", f"{PATH}/end")).json() == NOTHING
