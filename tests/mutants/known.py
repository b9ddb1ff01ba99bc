"""What became of all mutants of a source, kept beside the tests: who comes next tries only what has changed since."""

import csv
from collections.abc import Mapping
from pathlib import Path

import msgspec

KNOWN = Path(__file__).with_name("known.csv")


class Source(msgspec.Struct, frozen=True):
    digest: str  # of the source, as it was when all its mutants had been tried
    mutants: int
    noticed: int  # the others are in survivors.csv, each with its reason


def read(path: Path = KNOWN) -> dict[str, Source]:
    """By the source's path."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["file"]: Source(row["digest"], int(row["mutants"]), int(row["noticed"]))
            for row in csv.DictReader(file)
        }


def write(found: Mapping[str, Source], path: Path = KNOWN) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("file", "digest", "mutants", "noticed"))
        rows.writerows((name, one.digest, one.mutants, one.noticed) for name, one in sorted(found.items()))
