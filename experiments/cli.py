"""The command ``wattlab``. Heavy packages are imported inside the commands, so that it starts at once."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from experiments.commands import app, load_commands
from experiments.commands.output import INTERRUPTED, tell_problem
from experiments.errors import ExperimentError

# Some releases of Typer bring a Click of their own, others use the installed one; find its base error.
UsageProblem: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        from experiments.provenance import code_version

        typer.echo(f"wattlab {code_version()}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


load_commands()


def main() -> None:
    """Run the command line; an expected problem is one line on stderr and exit code 2."""
    command = typer.main.get_command(app)
    try:
        code = command.main(prog_name="wattlab", standalone_mode=False)
    except typer.Abort:
        code = INTERRUPTED
    except UsageProblem as error:
        code = tell_problem(getattr(error, "format_message", error.__str__)())
    except BrokenPipeError:
        # The reader of a pipe has gone (``wattlab outputs | head``): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except (ExperimentError, OSError) as error:
        code = tell_problem(str(error))
    except (ValueError, ArithmeticError) as error:
        if not _is_told_by_the_model(error):
            raise
        code = tell_problem(str(error))
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def _is_told_by_the_model(error: Exception) -> bool:
    """Tell what the model says of a scenario or of a month from a bug, without importing the model when it
    is not loaded.
    """
    errors = sys.modules.get("sim.errors")
    return errors is not None and isinstance(error, errors.ScenarioError | errors.ModelError)
