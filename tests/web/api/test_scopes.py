"""Each thing to ask, and what its token must be allowed. test_openapi.py compares these rows with the table."""

import pytest

from newsletter.owners import SCOPES
from tests.web.api.conftest import ROOT, Program, program
from tests.web.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("lasting_url", ["sqlite"], indirect=True, scope="module"),
]

ROWS = {
    "subscribers:read": {
        "GET /subscribers", "GET /subscribers/{id}", "GET /tags", "GET /segments/count", "GET /export/subscribers",
        "GET /suppressions", "GET /export/suppressions", "GET /imports", "GET /imports/{id}",
        "GET /imports/{id}/columns", "GET /imports/{id}/refused", "GET /subscribers/{id}/data",
        "GET /subscribers/{id}/consent", "GET /subscribers/many", "GET /subscribers/many/{id}", "GET /figures",
        "GET /domains", "GET /ask-again",
    },
    "subscribers:write": {
        "POST /subscribers", "PATCH /subscribers/{id}", "DELETE /subscribers/{id}",
        "POST /subscribers/{id}/unsubscribe", "PUT /subscribers/{id}/tags/{tag}",
        "DELETE /subscribers/{id}/tags/{tag}", "POST /suppressions", "POST /suppressions/lift",
        "POST /suppressions/import", "POST /imports", "DELETE /imports/{id}", "POST /imports/{id}/check",
        "POST /imports/{id}/start", "POST /subscribers/{id}/mail", "POST /subscribers/many",
        "POST /subscribers/many/{id}/start", "POST /subscribers/many/{id}/stop", "POST /subscribers/many/{id}/undo",
        "POST /domains/give-up", "POST /ask-again", "POST /ask-again/end", "POST /ask-again/let-go",
    },
    "broadcasts:read": {
        "GET /broadcasts", "GET /broadcasts/{id}", "GET /broadcasts/{id}/numbers", "GET /broadcasts/{id}/preview",
        "GET /broadcasts/{id}/deliveries", "GET /archive", "GET /archive/about", "GET /archive/{id}",
    },
    "broadcasts:write": {"POST /broadcasts", "PATCH /broadcasts/{id}", "DELETE /broadcasts/{id}"},
    "broadcasts:send": {
        "POST /broadcasts/{id}/test", "POST /broadcasts/{id}/send", "POST /broadcasts/{id}/pause",
        "POST /broadcasts/{id}/resume", "POST /broadcasts/{id}/cancel", "POST /broadcasts/{id}/retry",
        "PATCH /archive/{id}", "PUT /archive/about",
    },
    "sequences:read": {
        "GET /sequences", "GET /sequences/{slug}", "GET /sequences/{slug}/steps", "GET /sequences/{slug}/steps/{id}",
        "GET /sequences/{slug}/people", "GET /sequences/{slug}/numbers", "GET /sequences/{slug}/waiting",
        "GET /sequences/{slug}/steps/{id}/preview",
    },
    "sequences:write": {
        "POST /sequences", "PATCH /sequences/{slug}", "DELETE /sequences/{slug}", "POST /sequences/{slug}/start",
        "POST /sequences/{slug}/stop", "POST /sequences/{slug}/steps", "PATCH /sequences/{slug}/steps/{id}",
        "DELETE /sequences/{slug}/steps/{id}", "POST /sequences/{slug}/steps/{id}/move",
        "POST /sequences/{slug}/steps/{id}/put-back", "POST /sequences/{slug}/retry", "POST /sequences/{slug}/test",
        "POST /sequences/{slug}/steps/{id}/test",
    },
    "comments:read": {"GET /comments", "GET /comments/{id}"},
    "comments:moderate": {
        "DELETE /comments/{id}", "PATCH /comments/{id}", "POST /comments/{id}/approve", "POST /comments/{id}/spam",
        "POST /comments/{id}/block", "POST /comments/{id}/reply", "POST /comments/{id}/close",
        "POST /comments/{id}/open", "GET /comment-rules", "PATCH /comment-rules",
    },
    "forms:read": {
        "GET /forms", "GET /forms/{slug}", "GET /magnets", "GET /magnets/{slug}", "GET /magnets/{slug}/versions",
        "GET /forms/{slug}/mails", "GET /forms/{slug}/test", "GET /magnets/{slug}/telling",
        "GET /forms/{slug}/embed", "POST /forms/{slug}/page", "GET /forms/{slug}/mails/preview",
    },
    "forms:write": {
        "POST /forms", "PATCH /forms/{slug}", "POST /magnets", "PATCH /magnets/{slug}", "POST /magnets/{slug}/versions",
        "PATCH /forms/{slug}/mails", "POST /forms/{slug}/test", "POST /forms/{slug}/test/end",
        "POST /magnets/{slug}/telling",
    },
    "webhooks:read": {"GET /webhooks", "GET /webhooks/{id}", "GET /webhooks/{id}/deliveries"},
    "webhooks:write": {
        "POST /webhooks", "PATCH /webhooks/{id}", "DELETE /webhooks/{id}", "GET /webhooks/{id}/secret",
        "POST /webhooks/{id}/rotate", "POST /webhooks/{id}/test", "POST /webhooks/{id}/deliveries/{delivery}/resend",
    },
    "settings:read": {
        "GET /settings", "GET /settings/relay", "GET /settings/logo", "GET /settings/test/{id}", "GET /doctor",
    },
    "settings:write": {
        "PATCH /settings", "PUT /settings/relay", "DELETE /settings/relay", "PUT /settings/logo",
        "DELETE /settings/logo", "POST /settings/test",
    },
    "audit:read": {"GET /audit"},
}  # fmt: skip


async def test_a_token_opens_what_its_scopes_say(stage: Stage) -> None:
    tokens = {scope: await program(stage, scope) for scope in SCOPES}
    anybody = await stage.visitor()
    owner = await stage.visitor()
    await stage.signs_in(owner)  # her cookie counts nothing here
    for scope, rows in ROWS.items():
        for row in rows:
            method, path = (
                row.replace("{id}", "1")
                .replace("{tag}", "x")
                .replace("{slug}", "x")
                .replace("{delivery}", "1")
                .split()
            )
            for web in (anybody, owner):
                refused = await web.request(method, ROOT + path)
                assert refused.status_code == 401, row
                assert refused.headers["WWW-Authenticate"].startswith("Bearer")
            for other, its in tokens.items():
                answer = await its.web.request(method, ROOT + path)
                assert (answer.status_code == 403) == (other != scope), (row, other)
                if other != scope:
                    assert scope in answer.json()["detail"]
                assert answer.status_code not in (401, 500), (row, answer.text)


async def test_wrong_tokens(shop: Program) -> None:
    web = await shop.stage.visitor()
    for given in ("Bearer nl_x", "Basic nl_x", "Bearer", shop.web.headers["Authorization"][:-1], "nl_x"):
        answer = await web.get(f"{ROOT}/forms", headers={"Authorization": given})
        assert answer.status_code == 401, given
        assert answer.headers["Content-Type"] == "application/problem+json"
