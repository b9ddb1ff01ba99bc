"""What a newcomer gets wrong on a terminal is said in a sentence about what they wrote."""

import pytest

from tests.cli.machine import Machine

CASES = (
    (
        ("backup", "nowhere/at-all/copy.db"),
        1,
        "There is no folder nowhere/at-all that a backup could be put in.",
    ),
    (("move-to", "nonsense", "--yes"), 1, "Please name a PostgreSQL, like postgresql://name@host/database."),
    (("broadcast", "send", "7", "--yes"), 1, "There is no such broadcast."),
    (("settings", "reset", "nonsense"), 1, "There is no 'nonsense' that could be set at the desk."),
    (("show", "nobody"), 2, "This doesn’t look like an email address."),
    (("erase", "ada@example.net", "--yes"), 1, "Nobody"),
)


@pytest.mark.parametrize(("words", "code", "sentence"), CASES, ids=[case[0][0] for case in CASES])
def test_it_is_told(desk: Machine, words: tuple[str, ...], code: int, sentence: str) -> None:
    said = desk.says(*words, code=code)
    assert sentence in said.err
    assert "Traceback" not in said.err
    assert "DATABASE_URL" not in said.err


def test_a_file_of_settings_that_is_none_is_named(desk: Machine) -> None:
    path = desk.folder / "settings.toml"
    desk.environment["NEWSLETTER_CONFIG"] = str(path)
    assert (
        f"can't read {path}: No such file or directory." in desk.says("show", "ada@example.org", code=1).err
    )
    path.write_text("from = Olga")
    assert f"{path} is no TOML" in desk.says("show", "ada@example.org", code=1).err
