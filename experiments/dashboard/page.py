"""The page: controls at the left, numbers and charts at the right; what lasts is in the session."""

from __future__ import annotations

from typing import Any

from nicegui import run, ui

from experiments.dashboard import charts
from experiments.dashboard.controls import (
    Control,
    amount,
    controls_for,
    heading,
    ignored_controls,
    whole_number,
)
from experiments.dashboard.payers import NOTE, payer_rows
from experiments.dashboard.session import AGENT_KINDS, Session
from experiments.errors import StudyError
from experiments.factors import Value
from experiments.palette import COLOURS
from experiments.scenario_file import Settings, settings_toml
from experiments.tables import csv_with_units

TICK_S = 0.1
LONGEST_RUN_MONTHS, LARGEST_SEED = 600, 10**6
STALE = "Settings changed: the numbers below are those of the last run. Press Run."
SEED_COUNTS = (1, 3, 5, 10, 20)
SERIES = (
    "jobs_total",
    "investment_usd",
    "tax_total_usd",
    "net_fiscal_usd",
    "net_public_usd",
    "arrears_usd",
    "consumer_bill_usd",
)


class Page:
    """One open page of the dashboard; several show the same session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.values: dict[str, Value] = dict(session.draft.values)
        self.shown = -1
        self.charts: dict[str, ui.echart] = {}
        self.cards: dict[str, dict[str, ui.label]] = {}
        self.sliders: dict[str, tuple[ui.slider, ui.label]] = {}
        ui.page_title("WattLab")
        ui.colors(primary=COLOURS["ai"])
        ui.add_css(".nicegui-content { padding: 0.5rem 1rem; }")
        with ui.header().classes("items-center py-2"):
            ui.label("WattLab").classes("text-lg font-bold")
            ui.label("surplus power, Bitcoin miners and AI firms: what follows, under which rules").classes(
                "text-sm opacity-80"
            )
        with ui.left_drawer(value=True).props("width=330 bordered").classes("p-3 gap-1"):
            self._controls()
        self._status()
        self._numbers()
        self._tabs()
        ui.timer(TICK_S, self.tick)

    # Controls
    # ------------------------------------------------------------------------------------------------------

    def _controls(self) -> None:
        from sim import list_countries, list_regimes

        draft = self.session.draft
        self.country = ui.select(list_countries(), value=draft.country, label="Country").classes("w-full")
        self.regime = ui.select(
            list_regimes(), value=draft.regime, label="Regime", on_change=self._new_regime
        ).classes("w-full")
        with ui.row().classes("w-full no-wrap"):
            self.months = ui.number("Months", value=draft.months)
            self.seed = ui.number("First seed", value=draft.seed)
            counts = sorted({*SEED_COUNTS, draft.seeds})
            self.seeds = ui.select(counts, value=draft.seeds, label="Seeds")
            for field in (self.months, self.seed, self.seeds):
                field.classes("w-1/3")
        with ui.row().classes("w-full gap-2 my-1"):
            ui.button("Run", on_click=self.run).props('data-testid="run"').classes("grow")
            ui.button("Stop", on_click=self.session.stop).props("outline")
            ui.button("Pin", on_click=self._pin).props('outline data-testid="pin"').tooltip(
                "Make this view the baseline that later views are compared with, at the same seeds"
            )
        ui.label("Instruments: what is moved is held at its value for the whole run").classes(
            "text-xs text-gray-600"
        )
        self.instruments = ui.column().classes("w-full gap-0")
        self._fill_instruments()

    def _new_regime(self) -> None:
        self.values.clear()
        self._fill_instruments()

    def _fill_instruments(self) -> None:
        self.instruments.clear()
        self.sliders.clear()
        with self.instruments:
            for control in controls_for(str(self.regime.value)):
                {"number": self._slider, "bool": self._switch, "choice": self._choice}[control.kind](control)
            ui.button("Back to the regime", on_click=self._new_regime).props("flat dense")
        self._mark_ignored()

    def _mark_ignored(self) -> None:
        """Disable the sliders that the tariff rule does not read, and say so beside them."""
        without_effect = ignored_controls(str(self.regime.value), self.values)
        for control in controls_for(str(self.regime.value)):
            if control.name in self.sliders:
                slider, shown = self.sliders[control.name]
                slider.set_enabled(control.name not in without_effect)
                value = amount(float(slider.value), control)
                shown.text = "no effect under this tariff rule" if control.name in without_effect else value

    def _slider(self, control: Control) -> None:
        value = float(self.values.get(control.name, control.value))
        with ui.row().classes("w-full justify-between items-baseline no-wrap mt-1"):
            ui.label(control.label).classes("text-sm").tooltip(control.help)
            shown = ui.label(amount(value, control)).classes("text-sm text-right")
            shown.props(f'data-testid="amount-{control.name}"')

        def moved(event: Any) -> None:
            self._set(control, float(event.value))
            shown.text = amount(float(event.value), control)

        slider = ui.slider(
            min=control.low, max=control.high, step=control.step, value=value, on_change=moved
        ).props(f'dense data-testid="slider-{control.name}"')  # fmt: skip
        self.sliders[control.name] = (slider, shown)

    def _switch(self, control: Control) -> None:
        value = bool(self.values.get(control.name, control.value))
        ui.switch(
            control.label, value=value, on_change=lambda event: self._set(control, bool(event.value))
        ).props("dense").classes("mt-1").tooltip(control.help)

    def _choice(self, control: Control) -> None:
        options = {name: name.replace("_", " ") for name in control.choices}
        ui.select(
            options,
            value=self.values.get(control.name, control.value),
            label=control.label,
            on_change=lambda event: self._set(control, str(event.value)),
        ).props("dense").classes("w-full").tooltip(control.help)

    def _set(self, control: Control, value: Value) -> None:
        if value == control.value:
            self.values.pop(control.name, None)
        else:
            self.values[control.name] = control.setting(value)
        if control.name == "tariff_rule":
            self._mark_ignored()

    def settings(self) -> Settings:
        """Return what the controls say now; StudyError for a length or a seed that is not a whole number."""
        return Settings(
            country=str(self.country.value),
            regime=str(self.regime.value),
            months=whole_number(self.months.value, "Months", 1, LONGEST_RUN_MONTHS),
            seed=whole_number(self.seed.value, "First seed", 0, LARGEST_SEED),
            seeds=int(self.seeds.value),
            values=dict(self.values),
        )

    def run(self) -> None:
        """Start the runs of the settings; a job under way is left alone."""
        settings = self._checked()
        if settings is not None and not self.session.start(settings):
            ui.notify("A job is under way; stop it first.", type="warning")

    def _checked(self) -> Settings | None:
        """Return what the controls say, or tell what is wrong with them."""
        try:
            return self.settings()
        except StudyError as error:
            ui.notify(str(error), type="negative")
            return None

    def _pin(self) -> None:
        self.session.pin()
        ui.notify("Pinned: later views are compared with this one.")

    # What is shown
    # ------------------------------------------------------------------------------------------------------

    def _status(self) -> None:
        with ui.row().classes("w-full items-center no-wrap"):
            self.title = ui.label("").classes("text-base font-medium grow").props('data-testid="title"')
            ui.button("Data", on_click=self._download_data).props("flat dense").tooltip(
                "Monthly outputs of all seeds as CSV, with units"
            )
            ui.button("Scenario", on_click=self._download_scenario).props("flat dense").tooltip(
                "A file that reproduces this view: wattlab run --scenario FILE"
            )
        self.progress = ui.linear_progress(value=0.0, show_value=False).props("instant-feedback")
        self.status = ui.label("").classes("text-xs text-gray-600").props('data-testid="status"')
        self.stale = ui.label("").classes("text-sm font-medium text-orange-800").props('data-testid="stale"')

    def _numbers(self) -> None:
        self.results = ui.grid(columns="repeat(auto-fill, minmax(210px, 1fr))").classes("w-full gap-2")
        with self.results:
            for name in charts.CARDS:
                with ui.card().classes("p-2 gap-0"):
                    self.cards[name] = {
                        "label": ui.label("").classes("text-xs text-gray-600"),
                        "value": ui.label("").classes("text-lg").props(f'data-testid="card-{name}"'),
                        "range": ui.label("").classes("text-xs text-gray-600"),
                        "difference": ui.label("").classes("text-xs"),
                    }

    def _tabs(self) -> None:
        names = ("Load", "Jobs and money", "Grid day", "Compliance", "Who pays", "Agents")
        with ui.tabs().props("dense align=left no-caps") as tabs:
            made = {name: ui.tab(name) for name in names}
        with ui.tab_panels(tabs, value=made["Load"]).classes("w-full"):
            with ui.tab_panel(made["Load"]):
                self._chart("load", "h-96")
            with (
                ui.tab_panel(made["Jobs and money"]),
                ui.grid(columns="repeat(auto-fill, minmax(420px, 1fr))").classes("w-full"),
            ):
                for output in SERIES:
                    self._chart(output, "h-64")
            with ui.tab_panel(made["Grid day"]):
                ui.label(
                    "Typical day of the last 24 months by season, mean over seeds: all load in GW, "
                    "below it the new load alone in MW."
                ).classes("text-xs")
                self._chart("day", "h-[32rem]")
            with ui.tab_panel(made["Compliance"]):
                self._chart("compliance", "h-80")
            with ui.tab_panel(made["Who pays"]):
                ui.label(NOTE).classes("text-xs")
                columns = [
                    {"name": key, "label": label, "field": key, "align": "left" if key == "who" else "right"}
                    for key, label in (
                        ("who", "Who pays what"),
                        ("view", "This view"),
                        ("baseline", "Baseline"),
                        ("difference", "Difference, same seeds"),
                    )
                ]
                self.payers = ui.table(columns=columns, rows=[], row_key="who").props("dense flat")
            with ui.tab_panel(made["Agents"]):
                self._agents()

    def _chart(self, name: str, height: str) -> None:
        self.charts[name] = ui.echart({"series": []}).classes(f"w-full {height}")

    def _agents(self) -> None:
        with ui.row().classes("items-end"):
            kinds = {kind: kind.replace("_", " ").capitalize() for kind in AGENT_KINDS}
            self.kind = ui.select(kinds, value="miners", label="Agents", on_change=self._fill_agents)
            self.agent = ui.number("Number", value=0, min=0, precision=0)
            self.column = ui.select(
                list(AGENT_KINDS["miners"]), value=AGENT_KINDS["miners"][0], label="Column"
            ).classes("w-56")
            ui.button("Show history", on_click=self._show_history).props('data-testid="history"')
            ui.label("first seed of the view; a click on a row chooses the agent").classes("text-xs")
        self._chart("history", "h-64")
        self.agents = ui.table(columns=[], rows=[], row_key="index", pagination=10).props("dense flat")
        self.agents.on("rowClick", lambda event: self.agent.set_value(int(event.args[1]["index"])))

    def _fill_agents(self) -> None:
        kind = str(self.kind.value)
        columns = list(AGENT_KINDS[kind])
        self.column.set_options(columns, value=columns[0])
        if self.session.view is not None:
            table = self.session.view.results[0].agents[kind]
            self.agents.columns = [
                {"name": name, "label": name, "field": name, "align": "right"} for name in ("index", *columns)
            ]
            self.agents.rows = charts.agent_rows(table, columns)
            self.agent.value = int(self.agents.rows[0]["index"])

    async def _show_history(self) -> None:
        view, kind, index = self.session.view, str(self.kind.value), int(self.agent.value or 0)
        if view is None or index >= len(view.results[0].agents[kind]):
            ui.notify("There is no such agent; run something first.", type="warning")
            return
        history = await run.io_bound(self.session.history, kind, index)
        self._draw("history", charts.history_chart(history, str(self.column.value)))

    def tick(self) -> None:
        """Show how the job stands, and everything anew when view or baseline have changed."""
        job = self.session.job
        self.progress.value = job.share
        self.progress.visible = job.running
        self.status.text = job.error or job.text
        self.status.classes(replace=f"text-xs {'text-red-700' if job.error else 'text-gray-600'}")
        if self.shown != self.session.version and not job.running:
            self.shown = self.session.version
            self._show()
        self._mark_stale()

    def _mark_stale(self) -> None:
        """Say that the numbers shown are not those of the controls, and grey them, until they are."""
        view = self.session.view
        try:
            text = STALE if view is not None and self.settings() != view.settings else ""
        except StudyError as error:
            text = str(error)
        if text and view is not None:
            self.results.classes(add="opacity-40")
        else:
            self.results.classes(remove="opacity-40")
        self.stale.text = "" if self.session.job.running else text

    def _show(self) -> None:
        view, base = self.session.view, self.session.baseline
        if view is None:
            self.title.text = "Choose rules at the left and press Run."
            return
        against = f"; against {base.title}" if base is not None else ""
        self.title.text = heading(view.settings, view.title) + against
        for card in charts.cards(view, base):
            labels = self.cards[card["name"]]
            labels["label"].text = card["label"]
            labels["value"].text = f"{card['value']} {card['unit']}".strip()
            labels["range"].text, labels["difference"].text = card["range"], card["difference"]
        self._draw("load", charts.load_chart(view, base))
        self._draw("day", charts.day_chart(view))
        self._draw("compliance", charts.compliance_chart(view))
        for output in SERIES:
            self._draw(output, charts.series_chart(output, view, base))
        self.payers.rows = payer_rows(view, base)
        self._fill_agents()

    def _draw(self, name: str, options: charts.Options) -> None:
        chart = self.charts[name]
        chart.options.clear()
        chart.options.update(options)
        chart.update()

    def _download_data(self) -> None:
        if (view := self.session.view) is None:
            ui.notify("Run something first.", type="warning")
            return
        from sim import outputs

        units = {"month": "calendar month"} | {name: output.unit for name, output in outputs().items()}
        content = csv_with_units(view.months, units)
        ui.download.content(content.encode(), f"wattlab-{view.scenario_hash}.csv")

    def _download_scenario(self) -> None:
        view = self.session.view
        settings = self._checked() if view is None else view.settings
        if settings is None:
            return
        name = "scenario" if view is None else view.scenario_hash
        ui.download.content(settings_toml(settings).encode(), f"wattlab-{name}.toml")
