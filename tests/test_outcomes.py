"""What tests said is kept from run to run, and a table that names one that did not pass is found out."""

from pathlib import Path

import pytest

from tests.outcomes import Outcomes, not_shown, of, read

pytest_plugins = ["pytester"]

SOME = """
    import pytest

    @pytest.mark.parametrize("n", [1, 2])
    def test_both(n, record_property):
        record_property("figure", f"n is {n}")

    def test_wrong():
        assert {right}

    @pytest.fixture
    def broken():
        yield
        raise OSError

    def test_fine_itself(broken):
        pass

    @pytest.mark.skipif({right}, reason="")
    def test_now_and_then():
        pass
"""


def run(pytester: pytest.Pytester, path: Path, *, right: bool) -> None:
    pytester.makepyfile(test_some=SOME.replace("{right}", str(right)))
    pytester.inline_run("-p", "no:cacheprovider", "-p", "no:asyncio", plugins=[Outcomes(path)])


def test_what_ran_is_kept_and_what_was_skipped_changes_nothing(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    path = tmp_path / "outcomes.json"
    path.write_text('{"test_some.py::test_both[7]": {"at": "", "passed": false}}')  # such a case is no more
    run(pytester, path, right=False)
    assert [one.figures for one in of("test_some.py::test_both", read(path))] == [["n is 1"], ["n is 2"]]
    names = [
        f"test_some.py::test_{name}" for name in ("both", "wrong", "fine_itself", "now_and_then", "none")
    ]
    wrong, fine_itself, none = (f"test_some.py::test_{name}" for name in ("wrong", "fine_itself", "none"))
    expected = [f"{wrong} failed", f"{fine_itself} failed", f"{none} did not run"]
    assert not_shown(names, read(path)) == expected
    run(pytester, path, right=True)
    assert not_shown(names, read(path)) == expected[1:]
    assert not not_shown(["test_some.py::test_both[2]"], read(path))
    assert not_shown(["test_some.py::test_both[3]"], read(path))


def test_without_a_place_for_it_nothing_is_kept(pytester: pytest.Pytester, tmp_path: Path) -> None:
    path = tmp_path / "none/outcomes.json"
    run(pytester, path, right=True)
    assert read(path) == {}
