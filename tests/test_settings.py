"""A bad setting stops the start with one sentence that names it; a good one is taken as it was meant."""

import stat
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.settings import load

KEY = "k" * 40


def given(**values: str) -> dict[str, str]:
    return {f"NEWSLETTER_{name.upper()}": value for name, value in ({"secret_key": KEY} | values).items()}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_url", "news.example.org"),
        ("public_url", "https://example.org/news"),
        ("public_url", "https://example.org:abc"),
        ("public_url", "https://[::1"),
        ("public_url", "https://bücher.-example"),
        ("allowed_origins", "https://[::1"),
        ("allowed_origins", "https://a.example.org, blog"),
        ("from", "Olga"),
        ("from", "Olga\r\nBcc: x <olga@example.org>"),
        ("owner_email", "olga@"),
        ("secret_key", "short"),
        ("confirmation_days", "0"),
        ("confirmation_days", "a week"),
        ("reminder_hours", "-1"),
        ("mail_per_minute", "-1"),
        ("mail_per_minute", "0.5"),
        ("mail_per_day", "-1"),
        ("store_ip", "perhaps"),
        ("trusted_proxies", "10.0.0.0/99"),
        ("config", "/nowhere/settings.toml"),
        ("time_zone", "Europe"),
        ("time_zone", "Europe/Lisbn"),
        ("time_zone", "../etc/localtime"),
        ("metrics_token", "short"),
        ("metrics_token", "é" * 40),
        ("log_format", "xml"),
    ],
)
def test_a_bad_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"NEWSLETTER_{name.upper()}"):
        load(given(**{name: value}))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://x", "'mysql://x'"),
        ("mysql://olga:swordfish@db.example.org/letters", "'mysql://…'"),
        ("mysql://olga:sword/fi://sh@db.example.org", "'mysql://…'"),
        ("mysql://db.example.org/letters?password=swordfish", "'mysql://…'"),
        ("olga:swordfish@db.example.org/letters", "'…'"),
        ("postgresql:/olga:swordfish@db.example.org", "'…'"),
        ("newsletter.db", "'newsletter.db'"),
        ("sqlite://newsletter.db", "'sqlite://newsletter.db'"),
        ("", "''"),
    ],
)
def test_another_database_is_refused_before_all_else(url: str, shown: str) -> None:
    """Not for the secret key, which no database of that kind would need; and no password is told."""
    with pytest.raises(SettingsError) as caught:
        load({"NEWSLETTER_DATABASE_URL": url})
    assert caught.value.sentence == (
        "NEWSLETTER_DATABASE_URL must be like sqlite:///newsletter.db or "
        f"postgresql://name:password@host/database, not {shown}."
    )


def test_good_values_are_taken() -> None:
    settings = load(
        given(
            public_url="https://News.example.org/",
            allowed_origins="https://a.example.org, https://b.example.org",
            **{"from": "Olga Writes <webmaster@example.org>"},
            secret_key=f"{KEY},{'o' * 40}",
            reminder_hours="0",
            store_ip="true",
        )
    )
    assert settings.public_url == "https://news.example.org"
    assert settings.allowed_origins == ("https://a.example.org", "https://b.example.org")
    assert (settings.from_name, settings.from_email) == ("Olga Writes", "webmaster@example.org")
    assert settings.secret_keys == (KEY, "o" * 40)
    assert settings.store_ip


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('reminder_hours = 24\npending_days = 10\nallowed_origins = ["https://a.example.org"]\n')
    settings = load(given(config=str(file), reminder_hours="12"))
    assert (settings.reminder_hours, settings.pending_days) == (12, 10)
    assert settings.allowed_origins == ("https://a.example.org",)


def test_an_unknown_name_in_the_file_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("reminder_hour = 24\n")
    with pytest.raises(SettingsError, match="reminder_hour"):
        load(given(config=str(file)))


@pytest.mark.parametrize("value", ["5", "true", "[]", '["olga@example.org"]', "2026-01-15"])
def test_a_sender_that_is_no_text_in_the_file_is_a_mistake(tmp_path: Path, value: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"from = {value}\n")
    with pytest.raises(SettingsError, match=r"^NEWSLETTER_FROM must be one line, like: Ada Byron"):
        load(given(config=str(file)))


def test_a_key_is_made_once_beside_the_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/newsletter.db"
    first, second = (load({"NEWSLETTER_DATABASE_URL": url}) for _ in range(2))
    assert first.secret_keys == second.secret_keys
    files = list(tmp_path.iterdir())
    assert [file.name for file in files] == ["newsletter.db.key"]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_a_key_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "newsletter.db.key").mkdir()
    with pytest.raises(SettingsError, match="secret key"):
        load({"NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db"})


def test_postgresql_needs_a_key_from_the_environment() -> None:
    with pytest.raises(SettingsError, match="NEWSLETTER_SECRET_KEY"):
        load({"NEWSLETTER_DATABASE_URL": "postgresql://localhost/newsletter"})
