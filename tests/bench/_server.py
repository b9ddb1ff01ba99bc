"""What a PostgreSQL of our own has used up, by all of its processes together."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.bench._service import postgres_binaries

_TICKS = os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    cpu: float  # seconds
    log: int  # bytes written ahead
    disk: int  # bytes of the database


class Server:
    """The one at `url`, by its socket."""

    def __init__(self, url: str) -> None:
        (folder,) = parse_qs(urlsplit(url).query)["host"]
        self._url = url
        self._first = int((Path(folder) / "data/postmaster.pid").read_text().split()[0])

    def spent(self) -> Spent:
        """Its checkpointer's last word is in it, so that what is compared is whole."""
        self._ask("CHECKPOINT")
        log = int(self._ask("SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT)"))
        return Spent(self._cpu(), log, self.size())

    def size(self) -> int:
        return int(self._ask("SELECT pg_database_size(current_database())"))

    def version(self) -> str:
        return self._ask("SHOW server_version")

    def _ask(self, sql: str) -> str:
        command = [str(postgres_binaries() / "psql"), self._url, "-XAtc", sql]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def _cpu(self) -> float:
        """Of the first process, those it has started, and those that have ended. proc(5)."""
        ticks = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                after = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(folder.name) == self._first:
                ticks += sum(map(int, after[11:15]))
            elif int(after[1]) == self._first:
                ticks += sum(map(int, after[11:13]))
        return ticks / _TICKS
