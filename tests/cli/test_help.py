"""`--help`: what it lists can be read to its end."""

import click
import pytest
from click.testing import CliRunner

from newsletter.cli import cli

GROUPS = ((), *((name,) for name, one in cli.commands.items() if isinstance(one, click.Group)))


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_each_command_has_a_line_that_fits(group: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(cli, [*group, "--help"], terminal_width=80).output
    lines = shown.partition("Commands:\n")[2].splitlines()
    assert lines
    for line in lines:
        assert len(line) <= 78
        assert line.endswith("."), line
        assert not line.endswith(".."), line
        assert line[2] != " ", line  # one command a line
