"""What the model says of every target on jobs and skills: jobs per MW in a boom, pools in a quiet year."""

from __future__ import annotations

import numpy as np

from agents.ai_appraisal import COLOCATION
from agents.ai_fleet import BUILDING
from agents.miner import STATE
from agents.miner_appraisal import LICENSED
from sim import load_scenario
from sim.model import WattLabModel
from sim.population import SKILL_NAMES

Measures = dict[str, float]
SEEDS = range(1, 5)
# Cheap power, no lender, an easy network and demand in plenty: sites of every kind are built and staffed.
BOOM = {
    "lender_active": 0.0, "network_hash_start_ehs": 300.0, "ai_domestic_demand_mw_it": 600.0,
    "ai_consider_probability_per_month": 0.3, "ai_connection_months": 0.0, "chip_cap_gpus_per_year": 1e6,
    "ai_funds_over_stage_cost": 4.0, "ai_hurdle_npv_mean": 0.0,
}  # fmt: skip
CHEAP = {"tariff_local_per_kwh": 5.0, "review_months": 0.0, "reversal_hazard_per_year": 0.0}
BOOM_MONTHS, QUIET_MONTHS = 72, 12


def measure_labour() -> tuple[Measures, Measures]:
    """Measure everything the labour targets ask for: (model, nothing), by target id without ``labour.``."""
    found = [boom(seed) for seed in SEEDS]
    means = {name: float(np.mean([one[name] for one in found])) for name in found[0]}
    return means | quiet_year(), {}


def per_mw(people: float, load_mw: float) -> float:
    """Jobs per MW; none where there is no load."""
    return people / load_mw if load_mw > 0.0 else 0.0


def boom(seed: int) -> Measures:
    """Jobs per MW by kind of site: builders at their peak, staff of sites that have run for two years."""
    scenario = load_scenario(
        "pakistan", "pakistan-2025", months=BOOM_MONTHS, overrides=BOOM, instruments=CHEAP
    )
    model = WattLabModel(scenario, seed)
    state = model.state
    building = {"mining": 0.0, "ai": 0.0}
    ratio = {"mining": 0.0, "ai": 0.0}
    abroad = 0.0
    for _ in range(BOOM_MONTHS):
        model.step()
        halls, miners = state.ai_firms, state.miners
        rising = {
            "mining": (miners["builders"].sum(), miners["building_mw"].sum()),
            "ai": (halls["builders"].sum(), halls["building_mw"][halls["project"] == BUILDING].sum()),
        }
        for kind, (people, load) in rising.items():
            if load > building[kind]:
                building[kind], ratio[kind] = float(load), per_mw(float(people), float(load))
        wanted = halls["staff_target"].sum(axis=1) + halls["expats"]
        abroad = max(abroad, float((halls["expats"] / np.maximum(wanted, 1e-9)).max()))
    old = model.month - halls["opened_month"] - halls["build_months"] > 24
    cloud = (halls["kind"] != COLOCATION) & (halls["it_mw"] > 0.0) & old
    retail = (halls["kind"] == COLOCATION) & (halls["it_mw"] > 0.0)
    mines = (miners["compliance"] == LICENSED) & (miners["kind"] != STATE) & (miners["energised_mw"] > 0.0)
    row = model.books.row
    direct = row["jobs_operations"]
    model.close()
    return {
        "construction.mining": ratio["mining"],
        "construction.ai": ratio["ai"],
        "permanent.mining": per_mw(staffed(miners, mines), float(miners["energised_mw"][mines].sum())),
        "permanent.ai": per_mw(staffed(halls, cloud), float(halls["load_mw"][cloud].mean(axis=1).sum())),
        "permanent.colocation": per_mw(staffed(halls, retail), float(halls["it_mw"][retail].sum())),
        "multiplier": (row["jobs_total"] - row["jobs_construction"]) / direct,
        "expatriates": abroad * 100.0,
    }


def staffed(firms: np.ndarray, chosen: np.ndarray) -> float:
    """Operations staff of the chosen firms, expatriates included."""
    return float(firms["staff"][chosen].sum() + firms["expats"][chosen].sum())


def quiet_year() -> Measures:
    """Flows and stocks of people in a year without miners and AI projects: per year, or % of the pool."""
    population = {"miners": 1, "world_miners": 1, "ai_firms": 1}
    model = WattLabModel(load_scenario("pakistan", "ban", months=QUIET_MONTHS, population=population), 1)
    skills = model.state.skills
    flows = {name: np.zeros(len(SKILL_NAMES)) for name in ("emigrated", "graduates_per_month", "given_up")}
    for _ in range(QUIET_MONTHS):
        seekers = skills["available"].copy()
        model.step()
        flows["emigrated"] += skills["emigrated"]
        flows["graduates_per_month"] += skills["graduates_per_month"]
        flows["given_up"] += seekers * skills["give_up_per_month"]
    model.close()
    at = {name: place for place, name in enumerate(SKILL_NAMES)}
    software = at["software"]
    graduates = flows["graduates_per_month"][software]
    idle, busy = float(skills["available"].sum()), float(skills["elsewhere"].sum() + skills["employed"].sum())
    return {
        "graduates.software": float(graduates),
        "absorption.software": float(1.0 - flows["given_up"][software] / graduates) * 100.0,
        "emigrants.electrical": float(flows["emigrated"][at["electrical"]]),
        "emigrants.technician": float(flows["emigrated"][at["technician"]]),
        "unemployment": idle / (idle + busy) * 100.0,
    }
