"""How often a token may ask, and a network may try wrong ones."""

import pytest

from newsletter.clock import HOUR
from newsletter.web.api import door
from tests.conftest import ON_ONE
from tests.web.api.conftest import ROOT, program
from tests.web.stage import Stage


@ON_ONE
async def test_limits(still: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "PER_MINUTE", 1)
    monkeypatch.setattr(door, "WRONG_TOKENS", 1)
    shop, other = await program(still, "forms:read"), await program(still, "forms:read")
    answer = await shop.ask("GET", "/forms")
    assert answer.headers["RateLimit-Policy"] == '"token";q=1;w=60'
    assert answer.headers["RateLimit"] == '"token";r=0;t=60'
    refused = await shop.ask("GET", "/forms", 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    stranger = await still.visitor({"Authorization": "Bearer nl_wrong"})
    assert [(await stranger.get(f"{ROOT}/forms")).status_code for _ in range(2)] == [401, 429]
    await other.ask("GET", "/forms")  # who has a good one is none the worse


@ON_ONE
async def test_a_token_is_gone_at_once_and_its_use_is_seldom_written(still: Stage) -> None:
    shop = await program(still, "forms:read")
    for _ in range(2):
        await shop.ask("GET", "/forms")
        (token,) = await still.site.db.read(still.site.api_tokens.all)
        first = token.used_at
        still.clock.forward(HOUR // 2)
    assert token.used_at == first == still.clock.now() - HOUR
    await still.site.db.write(still.site.api_tokens.revoke, token.prefix)
    await shop.ask("GET", "/forms", 401)
