"""The parts that others trust in, as `make coverage` has them, and the tests that have to notice a mistake in each."""

from pathlib import Path

from tests.covered import WHOLE
from tests.house.source import ROOT

GOAL = 85
"""Percent of a part's mutants that its tests have to notice."""

MARKERS = {"storage": "not browser"}
"""Where the tests on PostgreSQL see more than the others do, and are looked at too."""

GUARDS = {
    "tokens": ["tests/test_tokens.py"],
    "sanitiser": [
        "tests/comments/test_text*.py",
        "tests/comments/test_source.py",
        "tests/comments/test_sanitising*.py",
        "tests/comments/test_payloads.py",
        "tests/comments/test_website.py",
        "tests/comments/test_writing.py",
    ],
    "sign_in": [
        "tests/owners",
        "tests/cli/test_api_token.py",
        "tests/web/test_audit_trail.py",
        "tests/web/test_desk.py",
        "tests/web/test_desk_anew.py",
        "tests/web/test_desk_passkeys.py",
        "tests/web/test_desk_people.py",
        "tests/web/test_desk_second_step.py",
        "tests/web/test_desk_sessions.py",
        "tests/web/test_desk_settings.py",
        "tests/web/test_desk_tokens.py",
    ],
    "storage": [
        "tests/storage",
        "tests/broadcasts/test_numbers.py",
        "tests/comments/imports/test_isso.py",
        "tests/magnets/test_versions.py",
    ],
    "mail": [
        "tests/mail",
        "tests/comments/test_answering.py",
        "tests/storage/test_subscriber_counts.py",
        "tests/subscribers/test_returns.py",
        "tests/subscribers/test_suppressing.py",
    ],
}


def files(part: str) -> list[str]:
    """The sources of a part, by their paths, also those in its folders."""
    found: set[Path] = set()
    for pattern in WHOLE[part]:
        found |= set(ROOT.glob(pattern.replace("/*", "/**/*.py") if pattern.endswith("/*") else pattern))
    return sorted(str(path.relative_to(ROOT)) for path in found)


def guarding(part: str) -> list[str]:
    """The files and folders that pytest is given."""
    found = {path for pattern in GUARDS[part] for path in ROOT.glob(pattern)}
    return sorted(str(path.relative_to(ROOT)) for path in found)
