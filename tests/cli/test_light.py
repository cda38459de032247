"""What the command line does not import, and that every command can be asked what it does."""

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from lakesmith.cli.main import COMMANDS, cli

HEAVY = {"pydantic", "pyarrow", "pyiceberg", "polars", "duckdb", "sqlalchemy", "dbt", "rich", "yaml", "pandas", "numpy"}


def modules_after(arguments):
    program = f"""
import sys
from lakesmith.cli.main import main
try:
    main({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
print(",".join(sorted({{name.partition(".")[0] for name in sys.modules}})), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.strip().split(","))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"]])
def test_help_needs_none_of_the_heavy_libraries(arguments):
    found = modules_after(arguments)
    assert "click" in found
    assert not found & HEAVY


def test_every_command_says_what_it_does():
    whole = CliRunner().invoke(cli, ["--help"]).output
    for name, sentence in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(sentence.split()[0])}", whole, re.MULTILINE)
    for name in COMMANDS.keys() - {"dbt"}:  # whose options, also --help, all go to dbt
        one = CliRunner().invoke(cli, [name, "--help"])
        assert one.exit_code == 0
        assert one.output.startswith(f"Usage: cli {name} ")


def test_every_option_says_what_it_does():
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command.help, name
        members = command.commands.values() if isinstance(command, click.Group) else [command]
        for member in members:
            options = [option for option in member.params if isinstance(option, click.Option)]
            assert [option.name for option in options if not option.help] == []
