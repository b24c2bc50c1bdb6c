"""``wattlab describe`` and the lists: regimes, countries, parameters, outputs and what they mean."""

from __future__ import annotations

from typing import Annotated

import typer

from experiments.commands import app
from experiments.commands.options import AsCsv, AsMarkdown, one_form
from experiments.commands.output import echo_csv


@app.command()
def regimes() -> None:
    """List the shipped regimes."""
    from experiments.display import console, names_table
    from sim import list_regimes
    from sim.regimes import load_regime

    found = [load_regime(name) for name in list_regimes()]
    console().print(names_table((regime.name, regime.home, regime.title) for regime in found))


@app.command()
def countries() -> None:
    """List the shipped countries."""
    from experiments.display import console, plain_table
    from sim import list_countries
    from sim.countries import load_country

    table = plain_table(("name", "currency", "title"))
    for name in list_countries():
        country = load_country(name)
        table.add_row(country.name, country.currency, country.title)
    console().print(table)


@app.command()
def describe(
    name: Annotated[str, typer.Argument(help="Regime, country, instrument, parameter or output.")],
) -> None:
    """Explain one name: values with units, bounds and sources."""
    from experiments.display import console
    from experiments.display import describe as explain

    screen = console()
    for part in explain(name):
        screen.print(part, markup=False)


@app.command()
def parameters(as_csv: AsCsv = False, as_markdown: AsMarkdown = False) -> None:
    """List the parameter registry."""
    one_form(as_csv, as_markdown)
    from experiments.display import console, parameter_rows, parameters_table
    from sim import parameters as registry

    if as_markdown:
        from experiments.reference import parameters_page

        typer.echo(parameters_page(registry()), nl=False)
    elif as_csv:
        echo_csv(parameter_rows(registry()))
    else:
        console().print(parameters_table(registry()))


@app.command()
def outputs(as_csv: AsCsv = False, as_markdown: AsMarkdown = False) -> None:
    """List the output variables."""
    one_form(as_csv, as_markdown)
    from experiments.display import console, output_rows, outputs_table
    from sim import outputs as registry

    if as_markdown:
        from experiments.reference import outputs_page

        typer.echo(outputs_page(registry()), nl=False)
    elif as_csv:
        echo_csv(output_rows(registry()))
    else:
        console().print(outputs_table(registry()))
