"""What the desk does, by the API: many at once, a sequence's steps, a form's mails and variants, settings, tellings."""

import asyncio
from typing import Any, cast

import pytest

from newsletter.owners import ApiToken
from newsletter.web.api.asking import Call, Refusal, Reply
from newsletter.web.api.setting_shapes import SettingsChange
from newsletter.web.api.settings import change_settings
from newsletter.web.kit import changing_many
from tests.web.api.conftest import ROOT, Program
from tests.web.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANY = {"If-Match": "*"}


async def made(shop: Program, path: str, status: int, **body: Any) -> str:
    answer = await shop.ask("POST", path, status, json=body)
    return answer.headers["Location"].removeprefix(ROOT)


async def tagged(shop: Program, tag: str) -> list[str]:
    return [one["email"] for one in (await shop.get("/subscribers", segment=f"tag:{tag}"))["items"]]


async def test_many_are_counted_changed_and_undone(shop: Program, stage: Stage) -> None:
    for name in ("uma", "vera", "will"):
        await shop.adds(f"{name}@example.org", imported="x", tags=["many"])
    once = {"Idempotency-Key": "many-1"}
    wanted = {"action": "tag", "tag": "spring", "segment": "tag:many"}
    asked = [await shop.ask("POST", "/subscribers/many", 202, json=wanted, headers=once) for _ in range(2)]
    assert asked[0].json() == asked[1].json()
    path = asked[0].headers["Location"].removeprefix(ROOT)
    one = await shop.get(path)
    assert (one["state"], one["people"], one["segment"], one["can_undo"]) == ("asked", 3, "tag:many", False)
    assert await tagged(shop, "spring") == []
    await shop.ask("POST", f"{path}/start", 409, json={"people": 2})
    assert (await shop.ask("POST", f"{path}/start", 202, json={"people": 3})).json()["state"] == "running"
    await changing_many.keep_going(stage.site)
    done = await shop.get(path)
    assert (done["state"], done["reached"], done["changed"], done["can_undo"]) == ("done", 3, 3, True)
    assert len(await tagged(shop, "spring")) == 3
    await shop.ask("POST", f"{path}/undo", 202)
    await changing_many.keep_going(stage.site)
    assert await tagged(shop, "spring") == []
    await shop.ask("POST", f"{path}/stop", 422)
    assert (await shop.get("/subscribers/many"))["items"][0]["state"] == "undone"
    erased = await made(shop, "/subscribers/many", 202, action="erase", segment="tag:many")
    await shop.ask("POST", f"{erased}/start", 202, json={"people": 3})
    await changing_many.keep_going(stage.site)
    assert await tagged(shop, "many") == []
    for wrong in (
        {"action": "mail", "segment": ""},
        {"action": "tag", "segment": "tag"},
        {"action": "untag", "segment": "", "tag": "none"},
    ):
        assert (await shop.ask("POST", "/subscribers/many", 422, json=wrong)).json()["errors"]
    await shop.ask("GET", "/subscribers/many/1", 404)


async def test_a_sequence_is_made_step_by_step(shop: Program) -> None:
    path = await made(shop, "/sequences", 201, slug="course", start="tag:course")
    await shop.ask("POST", "/sequences", 422, json={"slug": "course", "start": "tag:course"})
    refused = await shop.ask("POST", "/sequences", 422, json={"slug": "other", "start": "soon"})
    assert refused.json()["errors"].keys() == {"start"}
    first = await made(shop, f"{path}/steps", 201, subject="One", body="Hello.")
    second = await made(shop, f"{path}/steps", 201, subject="Two", body="Hello\n\nagain.", wait="2 days")
    step, read = await shop.read(second)
    assert (step["wait"], step["body"], step["slug"]) == ("2 days", "Hello\n\nagain.", "two")
    changed = (await shop.ask("PATCH", second, json={"wait": "3 hours"}, headers=read)).json()
    assert changed == step | {"wait": "3 hours"}
    await shop.ask("PATCH", second, 412, json={"subject": "Late"}, headers=read)
    await shop.ask("PATCH", second, 428, json={"subject": "Late"})
    assert (
        "wait" in (await shop.ask("PATCH", second, 422, json={"wait": "soon"}, headers=ANY)).json()["errors"]
    )
    await shop.ask("POST", f"{second}/move", json={"by": -1})
    assert await order(shop, path) == ["two", "one"]
    await shop.ask("DELETE", first, 204, headers=ANY)
    assert await order(shop, path) == ["two"]
    assert len((await shop.get(f"{path}/steps", removed="true"))["items"]) == 2
    await shop.ask("POST", f"{first}/put-back")
    assert await order(shop, path) == ["two", "one"]
    await shop.ask("POST", f"{path}/start", json={})
    await shop.ask("PATCH", first, 422, json={"body": "Hello {{ nobody }}."}, headers=ANY)
    await shop.ask("POST", f"{path}/stop")
    now = (await shop.ask("PATCH", path, json={"start": "confirmed"}, headers=ANY)).json()
    assert (now["start"], now["state"]) == ("confirmed", "off")
    await made(shop, f"{path}/steps", 201, subject="Long", body="Hello. " * 14_000)
    await shop.ask("DELETE", path, 204, headers=ANY)
    await shop.ask("GET", f"{path}/steps", 404)


async def order(shop: Program, path: str) -> list[str]:
    return [one["slug"] for one in (await shop.get(f"{path}/steps"))["items"]]


async def test_a_form_s_mails_and_its_variants(shop: Program) -> None:
    path = "/forms/guide"
    mails, read = await shop.read(f"{path}/mails")
    assert mails["guide"] == {"subject": "", "above": "", "below": ""}
    words = {"subject": "Here it is", "above": "Dear {{ first_name }},\n\nhere.", "below": ""}
    now = (await shop.ask("PATCH", f"{path}/mails", json={"guide": words}, headers=read)).json()
    assert now == mails | {"guide": words}
    await shop.ask("PATCH", f"{path}/mails", 412, json={"guide": words}, headers=read)
    wrong = {"confirmation": {"above": "Dear {{ name }},"}}
    refused = await shop.ask("PATCH", f"{path}/mails", 422, json=wrong, headers=ANY)
    assert "{{ name }}" in refused.json()["errors"]["confirmation"]
    shown = await shop.get(f"{path}/mails/preview", mail="guide")
    assert (shown["subject"], "Dear " in shown["text"], "<html" in shown["html"]) == (
        "Here it is",
        True,
        True,
    )
    assert "Here it is" not in (await shop.get(f"{path}/mails/preview", mail="confirmation"))["subject"]
    await shop.ask("GET", f"{path}/mails/preview", 422)
    await shop.ask("PATCH", f"{path}/mails", json={"guide": {}}, headers=ANY)

    await shop.ask("GET", f"{path}/test", 404)
    form = await shop.get(path)
    same = {name: form[name] for name in ("title", "intro", "button")}
    await shop.ask("POST", f"{path}/test", 422, json=same)
    begun = await shop.ask("POST", f"{path}/test", 201, json=same | {"title": "Another title"})
    test = await shop.get(f"{path}/test")
    assert (test["id"], test["a"]["title"], test["better"]) == (begun.json()["id"], form["title"], None)
    assert (test["b"]["title"], test["b"]["mailed"]) == ("Another title", 0)
    await shop.ask("POST", f"{path}/test", 409, json=same | {"title": "A third"})
    await shop.ask("POST", f"{path}/test/end", 409, json={"test": "1", "variant": "b"})
    await shop.ask("POST", f"{path}/test/end", json={"test": test["id"], "variant": "b"})
    assert (await shop.get(path))["title"] == "Another title"
    await shop.ask("PATCH", path, json={"title": form["title"]}, headers=ANY)


async def test_those_who_have_an_older_guide_are_told(shop: Program) -> None:
    path = "/magnets/structure-your-career"
    assert (await shop.get(f"{path}/telling"))["state"] == "not_begun"
    await shop.ask("POST", f"{path}/telling", 422, json={"version": 1})
    pdf = {"content": b"%PDF-1.7 shorter %%EOF", "headers": {"Content-Type": "application/pdf"}}
    await shop.ask("POST", f"{path}/versions", 201, **pdf)
    await shop.ask("POST", f"{path}/telling", 409, json={"version": 1})
    begun = await shop.ask("POST", f"{path}/telling", 202, json={"version": 2, "words": "A chapter\nmore."})
    assert begun.json()["state"] == "under_way"
    await shop.ask("POST", f"{path}/telling", 409, json={"version": 2})
    await shop.ask("GET", "/magnets/none/telling", 404)


async def test_settings_are_read_and_changed(
    shop: Program, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSLETTER_MAIL_PER_MINUTE", "7")
    before, read = await shop.read("/settings")
    assert before["given"] == ["mail_per_minute"]
    wanted = {"from_name": "Olga Writes", "domain_limits": ["*=5/60"], "clicks": True, "mail_per_day": 300}
    now = (await shop.ask("PATCH", "/settings", json=wanted, headers=read)).json()
    assert now == before | wanted
    assert (stage.site.settings.mail_per_day, stage.site.settings.clicks) == (300, True)
    await shop.ask("PATCH", "/settings", 412, json={"mail_per_day": 1}, headers=read)
    await shop.ask("PATCH", "/settings", 428, json={"mail_per_day": 1})
    wrong = {
        "time_zone": "Lisbon",
        "mail_connections": 0,
        "mail_per_minute": 1,
        "brand_colour": "#12",
        "nothing": 1,
    }
    errors: dict[str, str] = {}
    for name, value in wrong.items():
        errors |= (await shop.ask("PATCH", "/settings", 422, json={name: value}, headers=ANY)).json()[
            "errors"
        ]
    assert errors.keys() == wrong.keys()
    raced = [
        shop.web.patch(f"{ROOT}/settings", json={"ramp_up": n}, headers=await etag(shop)) for n in (5, 6)
    ]
    assert sorted(one.status_code for one in await asyncio.gather(*raced)) == [200, 412]


async def test_of_two_changes_in_one_commit_one_counts(shop: Program, stage: Stage) -> None:
    """What one of them had not committed yet counts for nobody, also where it was never set before."""
    read = (await etag(shop))["If-Match"]
    calls = [
        Call(stage.site, cast("ApiToken", None), {}, None, SettingsChange(import_mb=n), read) for n in (7, 8)
    ]
    came = await asyncio.gather(*map(change_settings, calls), return_exceptions=True)
    assert {type(one) for one in came} == {Reply, Refusal}
    assert (await shop.get("/settings"))["import_mb"] == 7 + isinstance(came[1], Reply)


async def etag(shop: Program) -> dict[str, str]:
    return dict((await shop.read("/settings"))[1])
