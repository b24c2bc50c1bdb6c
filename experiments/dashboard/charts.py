"""Charts and numbers of the dashboard as plain data: options of ECharts and rows of tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.analysis import paired_difference
from experiments.palette import COLOURS
from experiments.units import number, scale_for
from experiments.wording import format_for

if TYPE_CHECKING:
    import pandas as pd

    from experiments.dashboard.session import View

Options = dict[str, Any]
LOADS = {
    "mining_licensed_mw": ("Mining, licensed", "licensed"),
    "mining_grey_mw": ("Mining, grey", "grey"),
    "mining_theft_mw": ("Mining on stolen power", "theft"),
    "ai_mw": ("AI", "ai"),
}
DAY = {
    "load_mw": ("All other grid load", "base"),
    "ai_mw": ("AI", "ai"),
    "mining_mw": ("Mining, licensed or not", "mining"),
}
NEW_LOAD = ("ai_mw", "mining_mw")
SEASONS = ("winter", "spring", "summer", "autumn")
# Numbers at the top of the page.
CARDS = (
    "energised_mw", "mining_mw", "ai_mw", "jobs_total", "investment_usd", "net_fiscal_usd", "arrears_usd",
    "shed_mwh",
)  # fmt: skip
# Columns of agents that are codes, and what the codes stand for, in their order.
CODES = {
    "compliance": ("licensed", "grey", "stolen power"),
    "blocked_by": (
        "nothing", "return", "capital", "queue", "chips", "demand", "country risk", "power price", "abroad",
    ),
}  # fmt: skip
ROLLING_MONTHS = 12


def cards(view: View, baseline: View | None) -> list[dict[str, str]]:
    """Write the numbers at the top: mean over seeds, range, difference to the baseline at the same seeds."""
    from sim import outputs

    found = []
    for name in CARDS:
        output = outputs()[name]
        values = view.summary(name)
        form = format_for(output.unit, max(map(abs, values)), digits=3)
        spread = form.interval(min(values), max(values)) if len(values) > 1 else ""
        found.append(
            {
                "name": name,
                "label": output.label,
                "value": form.show(float(np.mean(values))),
                "unit": form.unit,
                "range": spread and f"{spread} over {len(values)} seeds",
                "difference": _difference(name, view, baseline),
                "help": output.definition,
            }
        )
    return found


def _difference(name: str, view: View, baseline: View | None) -> str:
    from sim import outputs

    if baseline is None or baseline.settings.all_seeds() != view.settings.all_seeds():
        return ""
    found = paired_difference(view.summary(name), baseline.summary(name))
    form = format_for(outputs()[name].unit, abs(found.mean), digits=3)
    text = f"{form.with_unit(form.show(found.mean, signed=True))} against the baseline"
    if math.isnan(found.low):
        return text
    return f"{text} ({form.interval(found.low, found.high, signed=True)})"


def load_chart(view: View, baseline: View | None) -> Options:
    """Stack the loads over time, mean over seeds, with the baseline's total as a dashed line."""
    frame = mean_months(view, [*LOADS, "quota_mw"])
    series = [_area(label, frame[name], COLOURS[colour], "load") for name, (label, colour) in LOADS.items()]
    if baseline is not None:
        total = mean_months(baseline, list(LOADS)).sum(axis=1)
        series.append(_line("Baseline, all load", total, COLOURS["ink"], dashed=True))
    return _time_chart("MW", list(frame.index), series)


def compliance_chart(view: View) -> Options:
    """Stack the shares of mining load by status."""
    names = [name for name in LOADS if name.startswith("mining")]
    frame = mean_months(view, names)
    total = frame.sum(axis=1)
    shares = frame.div(total.where(total > 0.0), axis=0) * 100.0
    series = [_area(LOADS[name][0], shares[name], COLOURS[LOADS[name][1]], "share") for name in names]
    options = _time_chart("% of mining load", list(frame.index), series)
    options["yAxis"]["max"] = 100
    return options


def series_chart(output: str, view: View, baseline: View | None) -> Options:
    """Draw one output over time: mean and range over seeds; flows are sums of the last twelve months."""
    from sim import outputs

    entry = outputs()[output]
    flow = entry.aggregation == "sum"
    parts = {"View": (view, COLOURS["contrast"])}
    if baseline is not None:
        parts["Baseline"] = (baseline, COLOURS["ink"])
    tables = {label: _by_seed(of, output, flow) for label, (of, _) in parts.items()}
    scale = scale_for(entry.unit, max(float(np.nanmax(np.abs(table))) for table in tables.values()))
    series: list[Options] = []
    for label, table in tables.items():
        colour, scaled = parts[label][1], table / scale.factor
        series += _band(label, scaled.min(axis=1), scaled.max(axis=1), colour)
        series.append(_line(label, scaled.mean(axis=1), colour, dashed=label == "Baseline"))
    unit = f"{scale.unit}, last {ROLLING_MONTHS} months" if flow else scale.unit
    options = _time_chart("", list(next(iter(tables.values())).index), series)
    heading = f"{entry.label} ({unit})" if unit else entry.label
    options["title"] = {"text": heading, "textStyle": {"fontSize": 13}, "left": 0}
    options["legend"]["data"] = list(tables)
    return options


def day_chart(view: View) -> Options:
    """Draw a typical day by season, mean over seeds: all load in GW, below it the new load alone in MW."""
    days = view.days
    seasons = [name for name in SEASONS if (days["season"] == name).any()]
    options: Options = {"tooltip": {"trigger": "axis"}, "animation": False, "title": []}
    options |= {"legend": {"bottom": 0, "data": [label for label, _ in DAY.values()]}}
    options |= {"grid": [], "xAxis": [], "yAxis": [], "series": []}
    width = 94.0 / len(seasons)
    for column, season in enumerate(seasons):
        left = f"{5 + column * width}%"
        title = {"text": season.capitalize(), "left": left, "top": 4, "textStyle": {"fontSize": 13}}
        options["title"].append(title)
        for names, divisor, top, height in ((list(DAY), 1000.0, 45, 185), (NEW_LOAD, 1.0, 285, 155)):
            largest = float(days[list(names)].sum(axis=1).max()) / divisor
            box = {"left": left, "width": f"{width - 2.5}%", "top": top, "height": height}
            _day_panel(options, days[days["season"] == season], names, divisor, box)
            unit = "" if column else "GW, all load" if divisor > 1.0 else "MW, new load"
            named = {"name": unit, "nameTextStyle": {"align": "left"}}
            options["yAxis"][-1] |= named | {"max": _round_up(largest), "axisLabel": {"show": not column}}
    return options


def _day_panel(
    options: Options, rows: pd.DataFrame, names: Sequence[str], divisor: float, box: Options
) -> None:
    """Add one panel: stacked areas over the hours of a day."""
    rows, place = rows.sort_values("hour"), len(options["grid"])
    hours = [str(int(hour)) for hour in rows["hour"]]
    options["grid"].append(box)
    options["xAxis"].append(
        {"type": "category", "data": hours, "gridIndex": place, "name": "hour of day",
         "nameLocation": "middle", "nameGap": 22, "boundaryGap": False}
    )  # fmt: skip
    options["yAxis"].append({"type": "value", "gridIndex": place})
    for name in names:
        label, colour = DAY[name]
        area = _area(label, rows[name] / divisor, COLOURS[colour], f"stack {place}")
        options["series"].append(area | {"xAxisIndex": place, "yAxisIndex": place})


def _round_up(value: float) -> float:
    """Round up to one or two leading digits, so that axes that share a scale end at a plain number."""
    if value <= 0.0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1) * 5.0
    return math.ceil(value / step) * step


def history_chart(history: pd.DataFrame, column: str) -> Options:
    """Draw one column of one agent over time."""
    line = _line(column, history[column], COLOURS["contrast"])
    return _time_chart(column.replace("_", " "), list(history["month"]), [line])


def agent_rows(table: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, str]]:
    """Tabulate the final state of a kind of agents, largest first by the first column."""
    names = [name for name in columns if name in table.columns]
    ordered = table.sort_values(names[0], ascending=False, kind="stable")
    return [
        {"index": str(index)} | {name: _cell(name, float(row[name])) for name in names}
        for index, row in ordered.iterrows()
    ]


def _cell(column: str, value: float) -> str:
    """Write a value of an agent: a code by its name, anything else as a number."""
    return CODES[column][int(value)] if column in CODES else number(value)


def mean_months(view: View, columns: Sequence[str]) -> pd.DataFrame:
    """Average monthly outputs over seeds: rows are months."""
    return view.months.groupby("month", sort=False)[list(columns)].mean()


def _by_seed(view: View, output: str, flow: bool) -> pd.DataFrame:
    """Arrange one output as month x seed; flows as sums of twelve months."""
    table = view.months.pivot(index="month", columns="seed", values=output)
    return table.rolling(ROLLING_MONTHS, min_periods=1).sum() if flow else table


def _time_chart(unit: str, months: list[str], series: list[Options]) -> Options:
    return {
        "tooltip": {"trigger": "axis"},
        "legend": {"bottom": 0},
        "grid": {"left": 70, "right": 20, "top": 40, "bottom": 60},
        "xAxis": {"type": "category", "data": months, "boundaryGap": False},
        "yAxis": {"type": "value", "name": unit, "scale": False},
        "series": series,
        "animation": False,
    }


def _values(values: Any) -> list[float | None]:
    return [round(float(value), 6) if math.isfinite(value) else None for value in np.asarray(values)]


def _line(name: str, values: Any, colour: str, *, dashed: bool = False) -> Options:
    style: Mapping[str, Any] = {"color": colour, "width": 2, "type": "dashed" if dashed else "solid"}
    return {
        "name": name, "type": "line", "showSymbol": False, "data": _values(values), "lineStyle": style,
        "itemStyle": {"color": colour},
    }  # fmt: skip


def _area(name: str, values: Any, colour: str, stack: str) -> Options:
    line = _line(name, values, colour)
    return line | {"stack": stack, "areaStyle": {"color": colour, "opacity": 0.85}, "lineStyle": {"width": 0}}


def _band(name: str, low: Any, high: Any, colour: str) -> list[Options]:
    """Draw a range as two stacked lines without strokes, the upper one filled down to the lower."""
    hidden = {
        "stack": f"{name} range",
        "symbol": "none",
        "lineStyle": {"width": 0},
        "tooltip": {"show": False},
    }
    floor = _line(f"{name}, lowest", low, colour) | hidden
    spread = _line(f"{name}, range", np.asarray(high) - np.asarray(low), colour) | hidden
    return [
        floor | {"stackStrategy": "all"},
        spread | {"areaStyle": {"opacity": 0.2}, "stackStrategy": "all"},
    ]
