"""The dashboard: its session and charts without a browser, then the page in a real Chromium."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.dashboard import charts
from experiments.dashboard.controls import controls_for, heading, ignored_controls, whole_number
from experiments.dashboard.payers import CLASSES, TAXES, lines, payer_rows
from experiments.dashboard.session import AGENT_KINDS, Job, Session
from experiments.errors import ExperimentError
from experiments.scenario_file import Settings, read_settings
from sim import instruments, list_regimes, load_scenario, outputs, simulate

MONTHS = 14
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1000", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)  # fmt: skip
PATIENCE_S = 90


@pytest.fixture(scope="module")
def session() -> Session:
    made = Session()
    assert made.start(Settings(months=MONTHS, seeds=2, values={"tariff_local_per_kwh": 5.0}))
    made.wait()
    assert made.job.error == ""
    return made


def test_a_view_is_the_run_that_the_command_line_would_make(session: Session):
    scenario = load_scenario(months=MONTHS, instruments={"tariff_local_per_kwh": 5.0})
    assert session.view is not None
    assert session.view.scenario_hash == scenario.hash
    for seed, shown in zip((1, 2), session.view.summary("jobs_total"), strict=True):
        assert shown == simulate(scenario, seed=seed).summary()["jobs_total"]["value"]


def test_the_baseline_runs_at_the_same_seeds_and_length(session: Session):
    assert session.baseline is not None
    assert session.baseline.settings == Settings(regime="pakistan-status-quo", months=MONTHS, seeds=2)


def test_a_pinned_view_becomes_the_baseline_and_then_differs_by_nothing(session: Session):
    other = Session()
    other.view, other.baseline = session.view, session.baseline
    other.pin()
    assert other.view is not None
    shown = charts.cards(other.view, other.baseline)
    assert all(re.match(r"0(\.0+)? ", card["difference"]) for card in shown), shown
    assert other.version == 1


def test_a_refused_setting_is_told_and_keeps_the_view(session: Session):
    before = session.view
    session.start(Settings(months=MONTHS, values={"quota_mw": -5.0}))
    session.wait()
    assert "quota_mw = -5.0 is not allowed" in session.job.error
    assert session.view is before
    assert not session.job.running


def test_a_stopped_job_ends_early_and_keeps_the_view(session: Session, monkeypatch: pytest.MonkeyPatch):
    before = session.view
    session.start(Settings(months=600, seeds=20))
    session.stop()
    session.wait(timeout_s=PATIENCE_S)
    assert session.job.text == "stopped"
    assert session.job.share < 1.0
    assert session.view is before


def test_a_job_says_how_it_ended_only_when_its_view_can_be_shown(monkeypatch: pytest.MonkeyPatch):
    other, seen = Session(), []

    class Watched(Job):
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "text" and "runs in" in str(value):
                seen.append((self.running, other.version, other.view is not None))
            super().__setattr__(name, value)

    monkeypatch.setattr("experiments.dashboard.session.Job", Watched)
    other.start(Settings(months=1))
    other.wait()
    assert seen == [(False, 1, True)]


def test_the_history_of_an_agent_ends_in_its_final_state(session: Session):
    assert session.view is not None
    for kind, columns in AGENT_KINDS.items():
        table = session.view.results[0].agents[kind]
        history = session.history(kind, 0)
        assert len(history) == MONTHS
        for name in columns:
            assert history[name].iloc[-1] == pytest.approx(float(table[name].iloc[0])), (kind, name)


def test_stacked_loads_add_up_to_the_outputs(session: Session):
    assert session.view is not None
    options = charts.load_chart(session.view, session.baseline)
    stacked = [series for series in options["series"] if series.get("stack")]
    last = sum(series["data"][-1] for series in stacked)
    frame = charts.mean_months(session.view, ["mining_mw", "ai_mw"])
    assert last == pytest.approx(frame.iloc[-1].sum(), abs=1e-4)
    assert options["xAxis"]["data"][0] == "2025-06"


def test_the_heading_names_length_seeds_and_what_was_moved():
    moved = {"tariff_rule": "standard_industrial", "tariff_local_per_kwh": 5.0, "offer_open": False}
    text = heading(Settings(months=24, seed=4, seeds=3, values=moved), "Announced offer")
    assert text == (
        "Announced offer in Pakistan, 24 months, seeds 4–6; moved: Tariff rule standard industrial, "
        "Offered energy price 5 PKR/kWh (no effect), Special allocation open no"
    )
    assert heading(Settings(months=1), "Ban") == "Ban in Pakistan, 1 month, seed 1"


def test_a_price_is_switched_off_exactly_when_the_rule_does_not_read_it():
    assert "tariff_local_per_kwh" not in ignored_controls("pakistan-2025", {})
    found = ignored_controls("pakistan-2025", {"tariff_rule": "time_of_use"})
    assert "no effect under tariff_rule = time_of_use" in found["tariff_local_per_kwh"]


@pytest.mark.parametrize("value", [None, "", 0, 12.5, 601, "many"])
def test_a_length_that_is_no_whole_number_in_the_range_is_refused(value: object):
    with pytest.raises(ExperimentError, match=r"Months is .*; allowed: a whole number from 1 to 600"):
        whole_number(value, "Months", 1, 600)
    assert whole_number(24.0, "Months", 1, 600) == 24


def test_who_pays_closes(session: Session):
    assert session.view is not None
    found = dict(lines(session.view))
    taxes = sum(found[outputs()[name].label] for name in TAXES)  # type: ignore[misc]
    assert taxes == pytest.approx(found["= Tax revenue"])
    bills = sum(found[outputs()[name].label] for name in CLASSES)  # type: ignore[misc]
    assert bills == pytest.approx(found["= Bills of other users"])
    named = list(found)
    first, second = (
        named.index("= Net fiscal outcome"),
        named.index("= Net outcome of treasury and power system"),
    )
    fiscal = sum(found[name] for name in named[named.index("= Tax revenue") : first])  # type: ignore[misc]
    assert fiscal == pytest.approx(found["= Net fiscal outcome"])
    public = sum(found[name] for name in named[first:second])  # type: ignore[misc]
    assert public == pytest.approx(found[named[second]])
    rows = payer_rows(session.view, session.baseline)
    assert [row["who"] for row in rows if not row["view"]] == [
        "Treasury and power system, from miners and AI firms", "Other users", "Power sector",
    ]  # fmt: skip
    assert all(row["baseline"] and row["difference"] for row in rows if row["view"])


def test_agents_show_what_their_codes_mean():
    from agents.ai_siting import ABROAD, BLOCKS, NOTHING
    from agents.miner_appraisal import GREY, LICENSED, THEFT

    words = charts.CODES["compliance"]
    assert (words[LICENSED], words[GREY], words[THEFT]) == ("licensed", "grey", "stolen power")
    blocked = charts.CODES["blocked_by"]
    assert (len(blocked), blocked[NOTHING], blocked[ABROAD]) == (BLOCKS, "nothing", "abroad")


@pytest.mark.parametrize("regime", list_regimes())
def test_controls_start_at_the_values_of_the_regime_inside_the_allowed_range(regime: str):
    base = load_scenario(regime=regime, months=1).regime_data.base
    for control in controls_for(regime):
        if control.name in base:
            assert control.value == base[control.name]
        if control.kind == "number":
            allowed = instruments()[control.name]
            assert allowed.low <= control.low <= control.value <= control.high <= allowed.high
            assert control.step > 0


def test_a_port_in_use_is_one_clear_line():
    from experiments.dashboard import serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ExperimentError, match="is in use; choose another with --port"):
            serve(taken.getsockname()[1], open_browser=False)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the dashboard on a free port."""
    import urllib.request

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = "from experiments.cli import main; main()"
    command = [sys.executable, "-c", script, "dashboard", "--no-show", "--port", str(port)]
    home = tmp_path_factory.mktemp("dashboard")
    # NiceGUI behaves otherwise when it believes to be inside a test; here it has to be as it is for users.
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    with subprocess.Popen(command, cwd=home, env=plain, stderr=subprocess.PIPE, text=True) as server:
        url = f"http://127.0.0.1:{port}/"
        try:
            for _ in range(PATIENCE_S * 5):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(url, timeout=PATIENCE_S).close()
                    break
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(timeout=0.2)
                    pytest.fail(f"the dashboard ended: {server.stderr and server.stderr.read()}")
            yield url
        finally:
            server.terminate()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    if not (CHROMIUM and DRIVER):
        missing = "needs chromium and chromedriver: apt-get install chromium chromium-driver"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"download.default_directory": str(tmp_path)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.mark.slow
def test_the_page_runs_what_its_sliders_say(browser: Any, address: str, tmp_path: Path):
    """A slider is moved, the model runs, the number on the page is that of the downloaded scenario."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    def find(name: str) -> Any:
        return browser.find_element(By.CSS_SELECTOR, f'[data-testid="{name}"]')

    wait = WebDriverWait(browser, PATIENCE_S, 0.1)
    browser.get(address)
    wait.until(lambda _: find("status").text == "ready")
    find("run").click()
    wait.until(lambda _: "runs in" in find("status").text)
    first, offered = find("status").text, find("amount-tariff_local_per_kwh").text
    slider = find("slider-tariff_local_per_kwh")
    ActionChains(browser).move_to_element_with_offset(slider, -140, 0).click().perform()
    # The server has the new value once it has written it beside the slider.
    wait.until(lambda _: find("amount-tariff_local_per_kwh").text != offered)
    # Numbers that are not those of the controls are marked until they are.
    wait.until(lambda _: "Settings changed" in find("stale").text)
    find("run").click()
    wait.until(lambda _: "runs in" in find("status").text and find("status").text != first)
    wait.until(lambda _: "moved: Offered energy price" in find("title").text)
    wait.until(lambda _: find("stale").text == "")

    next(
        button for button in browser.find_elements(By.TAG_NAME, "button") if "SCENARIO" in button.text
    ).click()
    wait.until(lambda _: list(tmp_path.glob("wattlab-*.toml")))
    settings = read_settings(next(tmp_path.glob("wattlab-*.toml")))
    assert 0.0 <= settings.values["tariff_local_per_kwh"] < 10.0
    jobs = [
        simulate(settings.scenario(), seed=seed).summary()["jobs_total"]["value"]
        for seed in settings.all_seeds()
    ]
    assert settings.scenario().hash in find("status").text
    mean = sum(map(float, jobs)) / len(jobs)  # type: ignore[arg-type]
    assert float(find("card-jobs_total").text.split()[0].replace(",", "")) == pytest.approx(mean, abs=1.0)

    # A reload finds the view again, because it is kept on the server.
    browser.get(address)
    wait.until(lambda _: "moved: Offered energy price" in find("title").text)
    browser.save_screenshot(str(tmp_path / "dashboard.png"))
    assert (tmp_path / "dashboard.png").stat().st_size > 20_000
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"] == []
