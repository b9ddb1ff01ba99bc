"""What `import comments --dry-run` foretells is what comes, to the last count."""

import shutil

import pytest

from newsletter.comments import TOGETHER
from newsletter.comments.imports.order import REPEATED
from tests.cli.machine import Machine
from tests.cli.test_comments import ORIGIN, wxr
from tests.comments.imports.conftest import SAMPLES
from tests.shares import share

OLGA = "https://olga.example.org"


def imported(machine: Machine, file: str) -> str:
    """What a dry run and the run after it both said."""
    more = ("import", "comments", file, "--origin", OLGA)
    dry = machine.run(*more, "--dry-run").text
    assert machine.run(*more).text.replace("Took in", "Would take in") == dry
    return dry


@pytest.mark.whole
def test_a_dry_run_counts_as_the_run_does(machine: Machine) -> None:
    machine.environment["NEWSLETTER_ALLOWED_ORIGINS"] = f"{ORIGIN},{OLGA}"
    for sample in share(sorted(SAMPLES.iterdir()), 6):
        shutil.copy(sample, machine.folder)
        for again in (False, True):
            said = imported(machine, sample.name)
            assert ("Would take in 0 comments.\n" in said) is again, sample.name


def test_repeats_are_told_also_where_they_are_far_apart(machine: Machine) -> None:
    """A dry run forgets each transaction's comments: it can't see them in the database."""
    machine.environment["NEWSLETTER_ALLOWED_ORIGINS"] = ORIGIN
    many = [{"id": str(n), "text": f"Number {n}"} for n in range(1, TOGETHER + 1)]
    (machine.folder / "twice.xml").write_text(wxr(*many, *many[:3], {"id": "500", "text": "Last"}), "utf-8")
    said = imported(machine, "twice.xml")
    assert said.startswith(f"Would take in {TOGETHER + 1} comments.\n")
    assert f"Skipped 3: {REPEATED} (1, 2, 3)" in said
