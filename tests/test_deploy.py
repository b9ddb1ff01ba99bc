"""What `deploy/` hands out is short, names what exists, and gives away no more than it has to.

What can only be seen when it runs is in tests/proof/: the unit, the proxies, the image's steps, Litestream.
"""

import re
import shlex
from importlib import import_module
from ipaddress import ip_network
from typing import Any

import pytest

from tests.house.source import ROOT

DEPLOY = ROOT / "deploy"
FILES = ("Dockerfile", "compose.yaml", "newsletter.service", "Caddyfile", "nginx.conf", "litestream.yml")
yaml: Any = import_module("yaml")  # it has no types


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, each with what stands after its word, lines put together."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, rest.strip()) for word, _, rest in (line.strip().partition(" ") for line in lines) if word]


@pytest.mark.parametrize("name", FILES)
def test_each_is_read_in_a_minute(name: str) -> None:
    assert len((DEPLOY / name).read_text("utf-8").splitlines()) <= 60


def test_the_image_runs_as_nobody_special_and_says_how_it_is() -> None:
    steps = instructions()
    stages = [index for index, (word, _) in enumerate(steps) if word == "FROM"]
    last = dict(steps[stages[-1] :])
    assert last["USER"] == "newsletter"
    assert "--uid 10001" in last["RUN"]
    assert last["FROM"].endswith("-slim")
    assert "/health" in last["HEALTHCHECK"]
    assert (last["ENTRYPOINT"], last["CMD"]) == ('["newsletter"]', '["serve", "--host", "0.0.0.0"]')
    assert "ADD" not in dict(steps)
    assert not re.search(r"(?i)password|secret|token", last["ENV"])
    assert [rest for word, rest in steps[stages[-1] :] if word == "COPY"] == [
        "--from=build /opt/newsletter /opt/newsletter"  # no compiler, no source, no lock
    ]


def test_all_that_the_image_copies_is_there_and_is_let_in() -> None:
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert let_in[0] == "*"
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _ = shlex.split(rest)
            for source in sources:
                assert (ROOT / source).exists(), source
                pattern = "!deploy/*.lock" if source.endswith(".lock") else f"!{source}"
                assert pattern in let_in, source


def test_compose_opens_no_door_but_the_proxys() -> None:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    ours = made["services"]["newsletter"]
    assert (ROOT / "deploy" / ours["build"]["context"] / ours["build"]["dockerfile"]).exists()
    assert [port.split(":")[0] for port in ours["ports"]] == ["127.0.0.1"]
    assert (ours["read_only"], ours["cap_drop"]) == (True, ["ALL"])
    assert ours["security_opt"] == ["no-new-privileges:true"]
    assert {volume.split(":")[0] for volume in ours["volumes"]} == made["volumes"].keys()
    assert set(ours["networks"]) == made["networks"].keys()
    assert int(ours["stop_grace_period"].removesuffix("s")) > 30  # what the server gives requests under way
    (subnet,) = [ip_network(each["subnet"]) for each in made["networks"]["inside"]["ipam"]["config"]]
    proxy = ip_network(ours["environment"]["NEWSLETTER_TRUSTED_PROXIES"])
    assert proxy.num_addresses == 1
    assert proxy[0] == subnet[1]  # the gateway


def test_what_compose_keeps_as_a_comment_is_compose_too() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    begin = text.index("  # postgres:\n")
    made = yaml.safe_load(
        "services:\n" + re.sub(r"(?m)^  # ?", "  ", text[begin : text.index("networks:\n", begin + 200)])
    )
    assert made["services"]["postgres"]["image"].startswith("postgres:")
    settings = re.search(r"postgresql://(\w+):([\w-]+)@(\w+)/(\w+)", text)
    assert settings
    assert settings[3] in made["services"]
    assert settings[1] == made["services"]["postgres"]["environment"]["POSTGRES_USER"]
    assert settings[2] == made["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"]


def test_litestream_follows_the_file_that_the_unit_keeps() -> None:
    made = yaml.safe_load((DEPLOY / "litestream.yml").read_text("utf-8"))
    unit = (DEPLOY / "newsletter.service").read_text("utf-8")
    (folder,) = re.findall(r"^WorkingDirectory=(.+)$", unit, re.MULTILINE)
    assert [each["path"] for each in made["dbs"]] == [f"{folder}/newsletter.db"]
