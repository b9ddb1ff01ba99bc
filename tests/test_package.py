"""The wheel, built from the sdist, runs from any folder in an environment that holds nothing else."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked

DEADLINE = 60.0
LOCK = ROOT / "deploy/requirements.lock"


def run(*command: str | Path, cwd: Path) -> str:
    ran = subprocess.run(command, cwd=cwd, env=bare(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{' '.join(map(str, command))}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def bare(**more: str) -> dict[str, str]:
    """What a shell that never saw this checkout has in its environment."""
    foreign = ("NEWSLETTER_", "PYTHON", "VIRTUAL_ENV", "PYTEST", "COVERAGE")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | more


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", dist, ROOT, cwd=dist)
    assert len(list(dist.glob("*.tar.gz"))) == 1
    return next(dist.glob("*.whl"))


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the locked packages and the wheel."""
    folder = tmp_path_factory.mktemp("clean")
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    python = folder / "venv/bin/python"
    if uv:
        run(uv, "venv", "--python", sys.executable, "venv", cwd=folder)
        install = [uv, "pip", "install", "--python", str(python)]
    else:
        run(sys.executable, "-m", "venv", "venv", cwd=folder)
        install = [str(python), "-m", "pip", "install"]
    run(*install, "--require-hashes", "-r", LOCK, cwd=folder)
    run(*install, "--no-deps", wheel, cwd=folder)
    return python.parent


def test_the_wheel_holds_the_package_and_nothing_beside_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top.split("-")[0] for top in tops} == {"newsletter", "authors_newsletter"}


def test_it_carries_every_template_and_migration(clean: Path, tmp_path: Path) -> None:
    script = (
        "from newsletter.paths import MIGRATIONS, TEMPLATES\n"
        "for folder in (MIGRATIONS, TEMPLATES):\n"
        "    for file in folder.rglob('*'):\n"
        "        if file.is_file(): print(file.relative_to(folder.parent).as_posix())"
    )
    carried = set(run(clean / "python", "-c", script, cwd=tmp_path).splitlines())
    assert carried == {s.path for s in tracked() if s.path.startswith(("migrations/", "templates/"))}


def test_the_command_answers_from_any_folder(clean: Path, tmp_path: Path) -> None:
    assert "serve" in run(clean / "newsletter", "--help", cwd=tmp_path)


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def served(clean: Path, port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(clean / "newsletter"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    public = bare(NEWSLETTER_PUBLIC_URL=f"http://127.0.0.1:{port}")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, env=public, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_it_serves_from_any_folder(served: subprocess.Popen[bytes], port: int, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{port}"
    assert answer(f"{url}/health", served, tmp_path / "log") == 200
    assert answer(f"{url}/forms/guide", served, tmp_path / "log") == 200
    served.send_signal(signal.SIGTERM)
    assert served.wait(DEADLINE) == 0, (tmp_path / "log").read_text()


def answer(url: str, process: subprocess.Popen[bytes], log: Path) -> int:
    """The status, once there is one."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"No answer from {url}.\n{log.read_text()}")
