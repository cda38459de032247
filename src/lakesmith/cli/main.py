"""`lakesmith`: a table of commands, loaded when they are called; and the one place where errors become exit codes."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any, NoReturn

import click

from lakesmith.about import __version__
from lakesmith.errors import LakesmithError, UsageError

INTERRUPTED = 130
FAULT = 70

COMMANDS: dict[str, str] = {
    "init": "Make a project from a template, or wrap an existing dbt project.",
    "demo": "A company, three days, one page: see the whole chain work on made-up data.",
    "check": "Look at the project and its sources without loading anything.",
    "plan": "Print what `run` would do.",
    "run": "Load what is new, build and test the models, publish.",
    "up": "Run by the schedule, watch, alert and serve the console, until Ctrl-C.",
    "schedule": "Show the next runs; print the schedule for cron, systemd or GitHub.",
    "status": "Say how fresh and how healthy everything is.",
    "runs": "List the runs, or say all about one.",
    "incidents": "Show what needs a person: what broke, what changed, who is hit.",
    "alerts": "Show who is told what; try a channel, mute, see what was sent.",
    "logs": "Print what a run wrote down.",
    "sources": "Say which state every source is in.",
    "tables": "Say how every table is, and how many rows it got.",
    "metrics": "Print what is known of runs and tables for Prometheus.",
    "costs": "Say what tables, runs, owners and days cost.",
    "query": "Run a SQL statement on what readers open.",
    "diff": "Compare what two targets have published: rows, keys, changed values.",
    "dbt": "Run dbt with the right profile and fresh views of bronze.",
    "scaffold": "Write dbt sources and staging models from the real schemas.",
    "drift": "Show how sources changed their shape; accept renames, pin schemas.",
    "quarantine": "Show the records that could not be accepted, and replay them.",
    "history": "Show what happened to a bronze table: its versions, newest first.",
    "rollback": "Take a table, or all that a run loaded, back to an earlier version.",
    "rebuild": "Load a stream from the start, aside, and swap it in.",
    "reconcile": "Find the records that a source has deleted and a cursor never sees.",
    "lake": "Keep the lake in order: compact, collect, check, move.",
    "grants": "Print the roles of a database: who loads, who builds, who reads.",
    "ui": "Serve the pages of this project on this machine.",
    "doctor": "Examine the installation, the lake and the run store.",
}


class Commands(click.Group):
    """A group whose commands are imported when they are called, so that `--help` needs none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a first day with Lakesmith."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and return it."""
        if cmd_name not in COMMANDS:
            self._refuse(ctx, cmd_name)
        command: object = importlib.import_module(f"lakesmith.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def _refuse(self, ctx: click.Context, name: str) -> NoReturn:
        from difflib import get_close_matches

        near = get_close_matches(name, COMMANDS, n=1)
        hint = f", did you mean `lakesmith {near[0]}`?" if near else ""
        ctx.fail(f"there is no command {name!r}{hint}")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Begin with `lakesmith demo`, or with `lakesmith init --template b2b-sales my-project`.",
)
@click.version_option(__version__, message="lakesmith %(version)s")
def cli() -> None:
    """From operational systems to trusted marts and dashboards: exactly once, and you can see it."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with a code that means something.

    0 done · 1 something failed, the rest went on · 2 fix the project or the command · 3 try again ·
    4 stop and look · 70 a fault of Lakesmith itself · 130 stopped by Ctrl-C
    """
    warnings.formatwarning = lambda message, *_args, **_named: f"Warning: {message}\n"
    try:
        code = cli.main(args=arguments, prog_name="lakesmith", standalone_mode=False)
    except LakesmithError as error:
        sys.exit(_report(error))
    except click.exceptions.Exit as asked:
        sys.exit(asked.exit_code)
    except click.ClickException as error:
        sys.exit(_refuse(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the outermost boundary
        sys.exit(_confess(error))
    sys.exit(code if isinstance(code, int) else 0)


def _report(error: LakesmithError) -> int:
    from lakesmith.cli.output import error_text

    if _wants_json():
        _print_json(error)
    else:
        click.echo(f"{click.style('Error:', fg='red', bold=True)} {error_text(error)}", err=True)
    return error.exit_code


def _refuse(error: click.ClickException) -> int:
    if _wants_json():
        _print_json(UsageError(error.format_message(), fix="`lakesmith COMMAND --help` lists what it takes"))
    else:
        error.show()
    return error.exit_code


def _print_json(error: LakesmithError) -> None:
    import json

    click.echo(json.dumps({"ok": False, **error.as_dict()}, ensure_ascii=False))


def _confess(error: Exception) -> int:
    import tempfile
    from pathlib import Path

    from lakesmith.cli.confessing import told

    with tempfile.NamedTemporaryFile("w", prefix="lakesmith-fault-", suffix=".txt", delete=False) as file:
        file.write(told(error))
    click.echo(
        f"This is a fault of Lakesmith itself, not of your project: {type(error).__name__}.\n"
        f"  where: {Path(file.name)} says where in the code; no value of yours is in it\n"
        "  fix:   report it; nothing half-written is visible, and the same command can be run again",
        err=True,
    )
    return FAULT


def _wants_json() -> bool:
    context: Any = click.get_current_context(silent=True)
    return "--json" in sys.argv[1:] if context is None else bool(context.params.get("as_json"))
