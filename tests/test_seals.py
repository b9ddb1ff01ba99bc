"""What is sealed is opened by its key and for its purpose alone."""

import pytest

from newsletter.errors import SettingsError
from newsletter.seals import seal, unseal

NEW, OLD, OTHER = "n" * 40, "o" * 40, "x" * 40
TEXT = "smtp://olga:geheim@smtp.example.org"


def test_what_was_sealed_is_opened_after_a_new_key_came() -> None:
    sealed = seal([OLD], "relay", TEXT)
    assert unseal([NEW, OLD], "relay", sealed) == TEXT
    assert "geheim" not in sealed
    assert seal([OLD], "relay", TEXT) != sealed, "the same twice is not seen to be the same"


def test_nothing_else_opens_it() -> None:
    sealed = seal([NEW], "relay", TEXT)
    last = "A" if sealed[-6] != "A" else "B"
    for keys, purpose, text in (
        ([OLD, OTHER], "relay", sealed),
        ([NEW], "mailbox", sealed),
        ([NEW], "relay", f"{sealed[:-6]}{last}{sealed[-5:]}"),
        ([NEW], "relay", TEXT),
        ([NEW], "relay", "sealed:1:"),
        ([NEW], "relay", "sealed:1:ä"),
    ):
        with pytest.raises(SettingsError):
            unseal(keys, purpose, text)
