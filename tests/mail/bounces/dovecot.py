"""A real IMAP and POP server, Dovecot, for one test's folder; skipped where it isn't installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mail.sink import CERTIFICATE
from tests.ports import free_ports

_SETTINGS = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap pop3
listen = 127.0.0.1
ssl = yes
ssl_cert = <{pem}
ssl_key = <{pem}
disable_plaintext_auth = no
auth_failure_delay = 0
default_login_user = {login}
default_internal_user = {internal}
default_internal_group = {group}
mail_location = maildir:{folder}/mail
first_valid_uid = 1
passdb {{
  driver = static
  args = password=correct@horse
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
"""
PASSWORD = "correct%40horse"


class Dovecot(NamedTuple):
    folder: Path
    ports: dict[str, int]

    def url(self, scheme: str, password: str = PASSWORD, folder: str = "") -> str:
        return f"{scheme}://bounces:{password}@localhost:{self.ports[scheme]}/{folder}"

    def delivers(self, name: str, mail: bytes) -> None:
        """As a mail server does: written elsewhere, then moved."""
        place = self.folder / "mail"
        (place / "tmp" / name).write_bytes(mail)
        self._own(place / "tmp" / name)
        (place / "tmp" / name).rename(place / "new" / name)

    def holds(self) -> list[str]:
        """The names of what is in the mailbox, as it was delivered."""
        place = self.folder / "mail"
        found = [*(place / "new").iterdir(), *(place / "cur").iterdir()]
        return sorted(one.name.partition(":")[0].partition(",")[0] for one in found)

    def _own(self, path: Path) -> None:
        if os.getuid() == 0:
            shutil.chown(path, "nobody")


@contextmanager
def dovecot(more: str = "") -> Iterator[Dovecot]:
    """`more`: what it is set to besides."""
    program = shutil.which("dovecot") or ("/usr/sbin/dovecot" if Path("/usr/sbin/dovecot").exists() else "")
    if not program:
        missing = "Dovecot is not installed (dovecot-imapd, dovecot-pop3d)"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="nl-"))  # short: a socket's path has 107 bytes
    folder.chmod(0o755)
    ports = dict(zip(("imap", "imaps", "pop3", "pop3s"), free_ports(4), strict=True))
    root = os.getuid() == 0
    me = pwd.getpwuid(os.getuid())
    owner = pwd.getpwnam("nobody") if root else me
    own = Dovecot(folder, ports)
    for name in ("mail", "mail/new", "mail/cur", "mail/tmp", "home"):
        (folder / name).mkdir()
        own._own(folder / name)
    (folder / "conf").write_text(
        _SETTINGS.format(
            folder=folder, pem=CERTIFICATE, uid=owner.pw_uid, gid=owner.pw_gid, **ports,
            login="dovenull" if root else me.pw_name, internal="dovecot" if root else me.pw_name,
            group="dovecot" if root else owner.pw_gid,
        )
        + more
    )  # fmt: skip
    process = subprocess.Popen([program, "-F", "-c", folder / "conf"])
    try:
        _answers(ports.values(), process)
        yield own
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _answers(ports: object, process: subprocess.Popen[bytes]) -> None:
    for port in ports:  # type: ignore[attr-defined]  # of a dict
        while True:
            assert process.poll() is None, "Dovecot did not start"
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
                break
