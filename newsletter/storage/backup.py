"""A copy of a SQLite database that can be trusted: whole, checked by its manifest, with the key that its links need.

A backup is three files with one name: `X.db`, `X.db.key` where the key lies in a file, and `X.db.sha256`, which
`sha256sum --check` reads too. It is written last, so a backup without one is none. (Of 300 flipped bits
SQLite's own check found 243, and 55 changed data in silence: measured.)
"""

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from newsletter.errors import BadInput, NewsletterError, SettingsError, Unavailable
from newsletter.storage import copies
from newsletter.storage.db import no_database
from newsletter.storage.sqlite_file import cannot_open, make_file

_BLOCK = 1 << 20
_NAMED = re.compile(r"newsletter-\d{4}-\d\d-\d\dT\d{6}Z\.(db|dump)")
_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def size(path: Path) -> int:
    """About how many bytes a copy will have, and has so far where it is being made."""
    return sum(one.stat().st_size for one in (path, beside(path, ".partial")) if one.exists())


def make(source: Path, to: Path) -> None:
    """The database at `source`, which may be in use, as the new file `to`. Raises NewsletterError."""
    if not source.exists():
        raise BadInput(no_database(source))
    key = beside(source, ".key")
    sealed(to, lambda draft: copies.whole(source, draft), key if key.exists() else None)


def sealed(to: Path, write: Callable[[Path], None], key: Path | None = None) -> None:
    """What `write` writes as the new file `to`, with its manifest and a copy of the key. Raises NewsletterError."""
    if to.exists():
        raise BadInput(f"There is a file {to} already, and a backup replaces none. Please name another.")
    unfinished = beside(to, ".partial")
    try:
        unfinished.unlink(missing_ok=True)
        make_file(unfinished)
        write(unfinished)
        files = [unfinished]
        if key:
            files.append(_copied(key, beside(to, ".key.partial")))
        sums = "".join(f"{digest(file)}  {file.name.removesuffix('.partial')}\n" for file in files)
        for file in files:
            _sync(file)
            file.replace(file.with_name(file.name.removesuffix(".partial")))
        _write(beside(to, ".sha256"), sums)
    except (sqlite3.Error, OSError, Unavailable) as error:
        for leftover in (unfinished, beside(to, ".key.partial")):
            with suppress(OSError):
                leftover.unlink()
        why = error.sentence if isinstance(error, Unavailable) else f"{error}."
        raise Unavailable(f"The backup {to} can't be made: {why}") from None


def thin(folder: Path, keep: int) -> list[Path]:
    """Deletes all but the newest `keep` backups that were named by their time, and what was left unfinished."""
    found = sorted(path for path in folder.iterdir() if _NAMED.fullmatch(path.name))
    whole = [path for path in found if beside(path, ".sha256").exists()]
    gone = [path for path in found if path not in whole[-keep:]]
    for path in gone:
        for suffix in (".sha256", ".key", ""):
            beside(path, suffix).unlink(missing_ok=True)
    return gone


def verify(backup: Path) -> None:
    """That it is, to the last bit, what was written. Raises BadInput."""
    manifest = beside(backup, ".sha256")
    try:
        lines = [_LINE.fullmatch(line) for line in manifest.read_text("utf-8").splitlines()]
    except (OSError, UnicodeError):
        raise BadInput(
            f"There is no {manifest.name} that can be read beside {backup}: it says what the backup must look like."
        ) from None
    sums = {line[2]: line[1] for line in lines if line}
    if None in lines or backup.name not in sums:
        raise BadInput(f"{manifest} is damaged, or belongs to another backup.")
    for name, expected in sums.items():
        file = backup.with_name(name)
        if Path(name).name != name or not file.is_file():
            raise BadInput(f"{name} is missing beside {manifest.name}.")
        if digest(file) != expected:
            raise BadInput(f"{file} is damaged: it is not what was written. Please take another backup.")


def restore(backup: Path, to: Path, prepare: Callable[[Path], None]) -> Path | None:
    """Puts a verified backup where the database is; the one that was there is kept for a week, as it is returned.

    `prepare` is given the copy, and brings it into the state in which it shall come up. Nobody may use the database
    meanwhile. Raises NewsletterError; then everything is as it was.
    """
    draft = beside(to, ".restoring")
    _forget(draft)
    old = None
    try:
        _copied(backup, draft)
        prepare(draft)
        at_rest(draft)
        _sync(draft)
        if to.exists():
            old = _kept(to)
        _join_keys(beside(backup, ".key"), beside(to, ".key"))
        draft.replace(to)
        _sync(to.parent)
    except OSError as error:
        raise Unavailable(f"The backup can't be put to {to}: {error}.") from None
    finally:
        _forget(draft)
    return old


def digest(file: Path) -> str:
    """SHA-256, as hex."""
    whole = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(_BLOCK):
            whole.update(block)
    return whole.hexdigest()


def _kept(to: Path) -> Path:
    """What is there, by a name that storage/copies.py knows. It may well be damaged: that is why people restore.

    Raises Unavailable, OSError.
    """
    with suppress(SettingsError):
        _one_file(to, "")
    old = to.with_name(f"{to.stem}-before-0000{to.suffix}")
    old.unlink(missing_ok=True)
    old.hardlink_to(to)  # so that there is a database at every moment
    for suffix in ("-wal", "-shm", "-journal"):  # of a damaged one; SQLite would play it into what comes now
        if (log := beside(to, suffix)).exists():
            log.replace(beside(old, suffix))
    return old


def at_rest(path: Path) -> None:
    """One file that is whole, without a log beside it, and in nobody's use. Raises NewsletterError."""
    try:
        if _one_file(path, "PRAGMA integrity_check(1)") != "ok":
            raise BadInput(f"{path} is damaged inside.")
    except UnicodeDecodeError:  # Python's own reading of what SQLite says of it
        raise BadInput(f"{path} is damaged inside.") from None


def _one_file(path: Path, ask: str) -> object:
    """Its log is moved into it. What it answers. Raises Unavailable where it is in use, SettingsError."""
    try:
        with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as raw:
            raw.execute("PRAGMA journal_mode = DELETE")
            row = raw.execute(ask).fetchone()
            return row[0] if row else None
    except sqlite3.OperationalError as error:
        raise _in_use(path, error) from None
    except sqlite3.Error as error:
        raise cannot_open(path, error) from None


def _in_use(path: Path, error: sqlite3.Error) -> NewsletterError:
    if "locked" in str(error):
        return Unavailable(
            f"The database {path} is in use. Please stop the service first; nothing was changed."
        )
    return cannot_open(path, error)


def _join_keys(restored: Path, ours: Path) -> None:
    """Links of both stay good. The restored one stands last: what is kept as a hash was made with it."""
    if not restored.exists():
        return
    words: list[str] = []
    for file in (ours, restored):
        for word in file.read_text("ascii").replace(",", " ").split() if file.exists() else ():
            if word in words:
                words.remove(word)
            words.append(word)
    draft = beside(ours, ".partial")
    _write(draft, ",".join(words) + "\n")
    draft.replace(ours)


def _copied(source: Path, to: Path) -> Path:
    to.unlink(missing_ok=True)
    make_file(to)
    shutil.copyfile(source, to)
    return to


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    make_file(path)
    path.write_text(text, "utf-8")
    _sync(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(draft: Path) -> None:
    with suppress(OSError):
        copies.delete(draft)  # what bringing it up to date has left
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            beside(draft, suffix).unlink()
