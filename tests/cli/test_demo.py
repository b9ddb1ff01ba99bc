"""`newsletter demo` as a person runs it: its own process, nothing configured."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from asyncio import timeout, to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}


def command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "newsletter", "demo", "--folder", str(folder), *options]


@asynccontextmanager
async def running(folder: Path, ports: list[int], **settings: str) -> AsyncIterator[str]:
    """What it prints, while it runs; it has to end well when it is told to."""
    options = ["--port", str(ports[0]), "--blog-port", str(ports[1])]
    with subprocess.Popen(
        command(folder, *options),
        cwd=ROOT,
        env=BARE | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            yield await to_thread(_until, process.stdout.readline, "(works once")
        finally:
            process.send_signal(signal.SIGINT)
            try:
                rest, _ = await to_thread(process.communicate, timeout=30)
            finally:
                process.kill()
        assert (process.returncode, rest.strip()) == (0, "")


def _until(read: Callable[[], str], words: str) -> str:
    text = ""
    while words not in text:
        line = read()
        assert line, f"It ended early:\n{text}"
        text += line
    return text


async def arrived(client: httpx.AsyncClient, blog: str, words: str) -> str:
    """The inbox, once a mail with these words is in it."""
    async with timeout(30):
        while words not in (page := (await client.get(f"{blog}/inbox")).text):
            pass
    return page


async def test_it_shows_everything_and_remembers_it(tmp_path: Path) -> None:
    folder, ports = tmp_path / "demo-data", free_ports(2)
    service, blog = (f"http://localhost:{port}" for port in ports)
    async with httpx.AsyncClient() as client:
        async with running(folder, ports) as printed:
            assert f"{blog}/inbox" in printed
            sign_in = re.search(rf"{service}/admin/enter/\S+", printed)
            assert sign_in
            assert (await client.get(sign_in[0])).status_code == 200
            assert f'action="{service}/forms/guide"' in (await client.get(blog)).text
            answer = await client.post(
                f"{service}/forms/guide", data={"email": "ada@example.org"}, headers={"Origin": blog}
            )
            assert answer.status_code == 303
            await arrived(client, blog, "to ada@example.org")
        async with running(folder, ports) as printed:
            assert sign_in[0] not in printed
            await arrived(client, blog, "to ada@example.org")
    assert folder.stat().st_mode & 0o777 == 0o700
    with sqlite3.connect(folder / "newsletter.db") as database:
        assert database.execute("SELECT email FROM subscribers").fetchall() == [("ada@example.org",)]
    database.close()


async def test_it_speaks_the_language_that_is_set(tmp_path: Path) -> None:
    folder, ports = tmp_path / "demo-data", free_ports(2)
    service, blog = (f"http://localhost:{port}" for port in ports)
    async with httpx.AsyncClient() as client, running(folder, ports, NEWSLETTER_LANGUAGE="de"):
        for page in (blog, f"{service}/forms/guide", f"{service}/admin/sign-in"):
            assert '<html lang="de"' in (await client.get(page)).text, page
        await client.post(
            f"{service}/forms/guide", data={"email": "ada@example.org"}, headers={"Origin": blog}
        )
        assert "Bestätigen" in await arrived(client, blog, "an ada@example.org")
    with sqlite3.connect(folder / "newsletter.db") as database:
        (steps,) = database.execute("SELECT group_concat(subject) FROM sequence_steps").fetchall()
    database.close()
    assert "Was passt in Ihren Karton?" in steps[0]


def test_a_taken_port_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = subprocess.run(
            command(tmp_path / "data", "--port", str(port)),
            cwd=ROOT,
            env=BARE,
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 1
    assert f"Port {port} is taken. Choose another one, for example: newsletter demo --port" in ran.stderr
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ports = free_ports(2)
    ran = subprocess.run(
        command(tmp_path / "file" / "data", "--port", str(ports[0]), "--blog-port", str(ports[1])),
        cwd=ROOT, env=BARE, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 1
    assert f"Can't make the folder {tmp_path}/file/data: Not a directory." in ran.stderr
