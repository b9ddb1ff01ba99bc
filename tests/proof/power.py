"""A disk whose power can be cut: ext4 on a loop device, shut down in an instant with all that was not synced."""

import fcntl
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_FS_IOC_SHUTDOWN = 0x8004587D
_WITHOUT_ITS_LOG = 2  # what the file system has in memory is lost, as with the power
_TOOLS = ("mkfs.ext4", "mount", "umount")


class Disk:
    """An ext4 of its own at `folder`."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        self._image = folder.with_suffix(".img")
        self._megabytes = megabytes

    def make(self) -> None:
        """Raises CalledProcessError where a machine has no loop devices for us."""
        self.folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(self._megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self.mount()

    def mount(self) -> None:
        """As when the power is back: the file system's own log is played first."""
        _run("mount", "-o", "loop", str(self._image), str(self.folder))

    def cut(self) -> None:
        """Nothing more reaches the disk from here on."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _FS_IOC_SHUTDOWN, struct.pack("I", _WITHOUT_ITS_LOG))
        finally:
            os.close(descriptor)

    def unmount(self) -> None:
        _run("umount", str(self.folder))

    def forget(self) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=False, capture_output=True)
        self._image.unlink(missing_ok=True)


@contextmanager
def disk(folder: Path, megabytes: int = 192) -> Iterator[Disk]:
    """Skips where there can be none; where CI=true, that is a failure."""
    missing = [tool for tool in _TOOLS if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        _cannot("it needs root" if not missing else f"{', '.join(missing)} can't be found")
    made = Disk(folder, megabytes)
    try:
        try:
            made.make()
        except subprocess.CalledProcessError as error:
            _cannot(error.stderr.decode().strip())
        yield made
    finally:
        made.forget()


def _cannot(why: str) -> None:
    reason = f"There is no disk here whose power can be cut: {why}."
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
