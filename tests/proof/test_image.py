"""The Dockerfile's steps, done by a machine without Docker: the service that comes of them runs, and is asked how it is
in the way that Docker asks."""

import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.bench._service import free_port
from tests.figures import Figure
from tests.house.source import ROOT, tracked
from tests.proof.tools import program
from tests.test_deploy import instructions
from tests.test_package import answer, bare


def let_in(path: str, patterns: list[str]) -> bool:
    """Whether the image's builder gets to see it: the last pattern that fits says so."""
    inside = True
    for pattern in patterns:
        wanted = pattern.removeprefix("!").removeprefix("**/")
        fits = (
            wanted == "*" or path == wanted or path.startswith(f"{wanted}/") or fnmatch.fnmatch(path, wanted)
        )
        if fits or ("**/" in pattern and wanted in path.split("/")):
            inside = pattern.startswith("!")
    return inside


def build(folder: Path) -> Path:
    """The commands' folder, after each COPY and RUN of the first stage in a folder instead of in an image.

    What its pip does there uv does here, which has most of it at hand.
    """
    context, work, made = folder / "context", folder / "src", folder / "made"
    patterns = (ROOT / "deploy/Dockerfile.dockerignore").read_text("utf-8").split()
    for source in tracked():
        if let_in(source.path, patterns):
            (context / source.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / source.path, context / source.path)
    work.mkdir()
    uv, own = program("uv", "PyPI: uv"), f"--python {folder}/system/bin/python"  # the image's own Python
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "system"], check=True)
    instead = (
        ("python -m venv ", f"{uv} venv --quiet {own} "),
        ("/opt/newsletter/bin/pip install --no-cache-dir ", f"{uv} pip install --python {made}/bin/python "),
        (" pip install --no-cache-dir ", f" {uv} pip install {own} "),
        ("pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir ",
         f"{uv} build --wheel --no-build-isolation {own} --out-dir "),
        ("/opt/newsletter", str(made)),
        (" /wheel", f" {folder}/wheel"),
    )  # fmt: skip
    steps = instructions()
    for word, rest in steps[1 : [word for word, _ in steps].index("FROM", 1)]:
        if word == "COPY":
            *sources, to = rest.split()
            for name in sources:
                goal = work / to / Path(name).name if (context / name).is_file() else work / to
                goal.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (context / name).is_dir() else shutil.copy)(context / name, goal)
        elif word == "RUN":
            script = rest
            for said, done_here in instead:
                script = script.replace(said, done_here)
            assert not re.search(r"(?<!uv )pip ", script), script
            shell = ["sh", "-ec", script]
            done = subprocess.run(shell, cwd=work, env=bare(), capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        else:
            assert word == "WORKDIR"
    return made / "bin"


def test_its_steps_make_a_service_that_says_how_it_is(tmp_path: Path, figure: Figure) -> None:
    last = dict(instructions())
    commands, port = build(tmp_path), free_port()
    words = [*json.loads(last["ENTRYPOINT"]), *json.loads(last["CMD"]), "--port", str(port)]
    asking = re.sub(r"^.*?CMD ", "", last["HEALTHCHECK"])
    ask = [word.replace(":8000", f":{port}") for word in json.loads(asking)]
    (tmp_path / "data").mkdir()
    environment = bare(
        PATH=f"{commands}:{os.environ['PATH']}",
        NEWSLETTER_DATABASE_URL=f"sqlite:///{tmp_path}/data/newsletter.db",
    )
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [commands / words[0], *words[1:]], cwd=tmp_path / "data", env=environment, stdout=log, stderr=log
        ) as process,
    ):
        try:
            assert answer(f"http://127.0.0.1:{port}/health", process, tmp_path / "log") == 200
            well = subprocess.run(ask, env=environment, check=False, capture_output=True).returncode
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
    ill = subprocess.run(ask, env=environment, check=False, capture_output=True).returncode
    figure("image_health_of_the_living", well, "0", well == 0)
    figure("image_health_of_the_dead", ill, "> 0", ill > 0)
    assert (well, ill) == (0, 1)
    assert list((tmp_path / "data").glob("newsletter.db"))
