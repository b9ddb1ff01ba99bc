"""Subscribers and suppressions as files, for programs: in, with each line that can't be read, and out again."""

import pytest

from newsletter.web.kit import importing
from tests.web.api.conftest import Program
from tests.web.stage import ADA, BEN, CLEO

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]

PEOPLE = f"Mail;Name;Seit\n{ADA};Ada;2024-05-06\n{BEN};Ben;\nnonsense;X;\n".encode()
CHECK = {"origin": "The form on my old page", "tag": "moved", "columns": {"Seit": "joined"}}
CSV = {"Content-Type": "text/csv"}
FILE = {"Content-Type": "application/octet-stream"}


async def test_subscribers_are_looked_over_and_taken_in(shop: Program) -> None:
    await shop.ask("POST", "/imports", 422, content=b"PK\x03\x04broken", headers=FILE)
    made = await shop.ask("POST", "/imports", 201, params={"name": "old.csv"}, content=PEOPLE, headers=FILE)
    path = f"/imports/{made.json()['id']}"
    found = await shop.get(f"{path}/columns")
    columns = found["items"]
    assert found["encoding"] == "utf-8"
    other = (await shop.get(f"{path}/columns", encoding="koi8-r"))["encoding"]
    assert other == "koi8-r"
    unknown = await shop.ask("GET", f"{path}/columns", 422, params={"encoding": "klingon"})
    assert unknown.json()["errors"].keys() == {"encoding"}
    assert [one["target"] for one in columns] == ["email", "name", "field:seit"]
    assert columns[1]["samples"] == ["Ada", "Ben", "X"]
    await shop.ask("POST", f"{path}/start", 409)
    wrong = await shop.ask("POST", f"{path}/check", 422, json={**CHECK, "columns": {"None": "joined"}})
    assert wrong.json()["errors"].keys() == {"columns"}
    assert (await shop.ask("POST", f"{path}/check", 202, json=CHECK)).json()["state"] == "checking"
    await importing.keep_going(shop.stage.site)
    checked = await shop.get(path)
    assert (checked["state"], checked["came"]["added"], checked["came"]["refused"]) == (
        "checked",
        {"active": 2},
        1,
    )
    assert (await shop.get("/subscribers", email=ADA))["items"] == []
    await shop.ask("POST", f"{path}/start", 202)
    await importing.keep_going(shop.stage.site)
    done = (await shop.get("/imports"))["items"][0]
    assert (done["state"], done["name"], done["origin"]) == ("done", "old.csv", CHECK["origin"])
    refused = (await shop.ask("GET", f"{path}/refused")).text.splitlines()
    assert [line.partition(",")[0] for line in refused] == ["line", "4"]
    (ada,) = (await shop.get("/subscribers", email=ADA))["items"]
    assert (ada["status"], ada["tags"]) == ("active", ["moved"])
    _, read = await shop.read(path)
    await shop.ask("DELETE", path, 204, headers=read)
    await shop.ask("GET", path, 404)


async def test_who_is_mailed_nothing(shop: Program) -> None:
    ways = [{"listed": True, "changed": True}, {"listed": True, "changed": False}]
    for said in ways:
        assert (await shop.ask("POST", "/suppressions", json={"email": CLEO})).json() == said
    file = f"{BEN}\nnonsense\nola@example.org\n".encode()
    taken = (await shop.ask("POST", "/suppressions/import", content=file, headers=CSV)).json()
    assert (taken["taken"], taken["refused"], taken["first"][0]["line"]) == (2, 1, 2)
    first = await shop.get("/suppressions", limit=2)
    rest = await shop.get("/suppressions", limit=2, cursor=first["next"])
    assert len({one["key"] for one in first["items"] + rest["items"]}) == 3
    assert rest["next"] is None
    assert {one["email"] for one in first["items"] + rest["items"]} == {BEN, ""}
    await shop.ask("GET", "/suppressions", 422, params={"cursor": first["next"] + "x"})
    assert (await shop.ask("POST", "/suppressions/lift", json={"email": CLEO})).json()["changed"]
    assert (await shop.get("/suppressions", email=CLEO))["items"] == []
    assert [one["reason"] for one in (await shop.get("/suppressions", email=BEN))["items"]] == ["owner"]
    out = await shop.ask("GET", "/export/suppressions")
    assert out.headers["Content-Type"].startswith("text/csv")
    assert len(out.text.splitlines()) == 3
