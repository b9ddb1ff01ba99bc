"""Where files wait that are sent to the desk: for each database a folder that nobody else can open."""

import tempfile
from pathlib import Path

import pytest

from newsletter.errors import Unavailable
from newsletter.settings import Settings
from newsletter.web.kit.waiting_files import folder, made


def beside(database_url: str) -> Settings:
    return Settings(public_url="https://news.example.com", database_url=database_url)


OLGA = beside("postgresql://olga:secret@db.example.com/letters")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_each_database_has_its_own_on_a_machine(tmp_path: Path) -> None:
    same = beside("postgresql://web:other@db.example.com/letters")
    others = [
        beside(f"postgresql://olga:secret@{where}")
        for where in (
            "db.example.com/drafts",
            "db2.example.com/letters",
            "db.example.com:5433/letters",
            "/letters?host=/run",
        )
    ]
    assert folder(OLGA) == folder(same)
    assert len({folder(one) for one in (OLGA, *others)}) == 1 + len(others)
    assert "olga" not in str(folder(OLGA))
    assert folder(beside(f"sqlite:///{tmp_path}/a.db")) == tmp_path / "a.db.imports"


def test_it_is_made_for_its_user_alone() -> None:
    where = made(OLGA)
    assert where.stat().st_mode & 0o777 == 0o700
    assert made(OLGA) == where


def test_one_that_mallory_made_before_is_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder(OLGA).mkdir()
    folder(OLGA).chmod(0o777)
    with pytest.raises(Unavailable, match="not this service’s own"):
        made(OLGA)
    assert str(folder(OLGA)) in caplog.text
    folder(OLGA).rmdir()
    (tmp_path / "hers").mkdir(0o700)
    folder(OLGA).symlink_to(tmp_path / "hers")
    with pytest.raises(Unavailable):
        made(OLGA)
