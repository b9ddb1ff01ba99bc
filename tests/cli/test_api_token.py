"""Tokens for programs from a terminal."""

from tests.cli.machine import Machine


def test_made_listed_revoked(desk: Machine) -> None:
    made = desk.says("api-token", "new", "My shop", "--scope", "forms:read", "--days", "30")
    token = made.text.strip()
    prefix = token.rpartition("_")[0]
    listed = desk.says("api-token", "list").text
    assert prefix in listed
    assert token not in listed
    assert "My shop  forms:read" in listed
    desk.says("api-token", "revoke", prefix, answer="n\n", code=1)
    assert prefix in desk.says("api-token", "list").text
    desk.says("api-token", "revoke", prefix, "--yes")
    assert prefix not in desk.says("api-token", "list").text
    desk.says("api-token", "revoke", prefix, "--yes", code=1)
