"""Who exists at the start: numbered slots of firms with keyed identities, consumer classes, skills, the
public sector.

A slot's identity depends on the seed and its number only, never on the regime or on how many other slots
there are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from agents.ai_appraisal import site_mw_per_mw_it
from agents.ai_firm import COLOCATION, GPU_CLOUD, HYPERSCALER, SOVEREIGN
from agents.base import FORECASTERS, MONTHS
from agents.miner import FARM, FOREIGN, HOUSEHOLD, STATE, WORLD
from agents.rules.finance import real_rate
from sim.countries import SKILL_NAMES, Country
from sim.drivers import observed
from sim.hardware import Frontier
from sim.parameters import parameters
from sim.state import State
from sim.streams import uniforms

FloatArray = npt.NDArray[np.float64]
UNBOUNDED_MW = 1e9
# The treasury stands behind the state's own miner
TREASURY_FUNDS_USD = 1e12
GOLDEN_RATIO = 0.6180339887498949
LEGACY_AGE_MONTHS = 60
REFERENCE_RIG_USD_PER_MW = 1_100_000.0
REFERENCE_GPU_USD_PER_MW = 30_000_000.0


def identities(seed: int, purpose: str, count: int, columns: int) -> FloatArray:
    """Uniforms that fix the identity of slots 0..count-1, one row per slot."""
    return uniforms(seed, purpose, np.zeros(count, np.int64), np.arange(count), columns)


def places(count: int) -> FloatArray:
    """A place in [0, 1) for every slot, evenly spread for any number of slots; it does not depend on how
    many others there are.
    """
    return np.asarray((0.5 + GOLDEN_RATIO * np.arange(count)) % 1.0)


def opening_hashprice(start: str) -> float:
    """Hashprice of the first month or, where none was observed, the last one known, USD/PH/day."""
    known = observed("bitcoin_monthly.csv", "hashprice_usd_per_ph_day")
    return known.get(start, list(known.values())[-1])


def opening_hash_growth(start: str) -> float:
    """Mean log growth of world hash per month over the year before a run, or over the last year observed."""
    known = observed("bitcoin_monthly.csv", "hashrate_ehs")
    before = [value for month, value in known.items() if month < start]
    year = (before if len(before) > 1 else list(known.values()))[-MONTHS - 1 :]
    return float(np.log(year[-1] / year[0]) / (len(year) - 1))


def spread(mean: float, half_width: float, u: FloatArray) -> FloatArray:
    """Uniform values around a mean."""
    return mean + half_width * (2.0 * u - 1.0)


def settle_miners(state: State, seed: int, v: dict[str, float], zones: int) -> None:
    """Give the home slots their identity; slot 0 is the state's own miner, then households, farms and
    foreign firms.
    """
    firms = state.miners
    count = len(firms)
    u = identities(seed, "miner_identity", count, 16)
    place = places(count)
    kind = np.full(count, FARM)
    kind[place < v["household_miner_share"]] = HOUSEHOLD
    kind[place >= 1.0 - v["foreign_miner_share"]] = FOREIGN
    kind[0] = STATE
    size = np.select(
        [kind == HOUSEHOLD, kind == FOREIGN], [v["household_size_factor"], v["foreign_size_factor"]], 1.0
    )
    firms["agent_id"] = np.arange(count)
    firms["home"] = 1
    firms["kind"] = kind
    firms["zone"] = np.minimum((u[:, 0] * zones).astype(int), zones - 1)
    firms["target_mw"] = (
        v["home_miner_size_median_mw"] * size * np.exp(v["home_miner_size_log_spread"] * ndtri(u[:, 1]))
    )
    cost = v["mining_site_capex_usd_per_mw"] + REFERENCE_RIG_USD_PER_MW
    firms["funds_usd"] = v["funds_over_target_cost"] * firms["target_mw"] * cost * (0.5 + u[:, 2])
    firms["wacc_per_year"] = v["miner_hurdle_rate_per_year"]
    firms["hurdle"] = spread(v["miner_hurdle_npv_mean"], v["miner_hurdle_npv_spread"], u[:, 3])
    firms["debt_share"] = np.where((kind == HOUSEHOLD) | (kind == STATE), 0.0, v["miner_debt_share"])
    firms["foreign"] = kind == FOREIGN
    firms["pue"] = np.maximum(1.0, spread(v["mining_pue"], 0.5 * (v["mining_pue"] - 1.0), u[:, 4]))
    firms["morale"] = spread(v["morale_mean"], v["morale_spread"], u[:, 5])
    firms["lawful"] = (kind == FOREIGN) | (kind == STATE)
    firms["fibre"] = u[:, 9] < v["fibre_share"]
    firms["can_bypass"] = (u[:, 6] < v["bypass_share"]) & (kind != FOREIGN) & (kind != STATE)
    firms["hold_share"] = v["hold_share_max"] * u[:, 7]
    firms["forecaster"] = (u[:, 8] * FORECASTERS).astype(int)
    firms["perceived_hazard"] = v["hazard_prior_per_month"]
    firms["slowness"] = 0.5 + u[:, 9]
    firms["target_mw"][0] = UNBOUNDED_MW
    # The state discounts at what it borrows at; appraisals at home add the premium of the country
    firms["wacc_per_year"][0] = v["bridge_rate_per_year"] - v["country_risk_premium"]
    firms["funds_usd"][0] = TREASURY_FUNDS_USD


def settle_world_miners(
    firms: np.ndarray, seed: int, v: dict[str, float], frontier: Frontier, start: str
) -> None:
    """Give the rest of the world its fleet: equal hash per firm, older machines where power is cheap."""
    hashprice = opening_hashprice(start)
    count = len(firms)
    u = identities(seed, "world_miner_identity", count, 8)
    rank = ndtri(u[:, 0])
    firms["agent_id"] = np.arange(count)
    firms["home"] = 0
    firms["kind"] = WORLD
    firms["power_price_usd_per_kwh"] = v["world_power_median_usd_per_kwh"] * np.exp(
        v["world_power_log_spread"] * rank
    )
    firms["pue"] = np.maximum(1.0, spread(v["world_pue"], 0.5 * (v["world_pue"] - 1.0), u[:, 1]))
    firms["wacc_per_year"] = v["world_miner_rate_per_year"]
    firms["hurdle"] = spread(v["miner_hurdle_npv_mean"], v["miner_hurdle_npv_spread"], u[:, 2])
    firms["debt_share"] = v["miner_debt_share"]
    firms["target_mw"] = UNBOUNDED_MW
    firms["hold_share"] = v["hold_share_max"] * u[:, 3]
    firms["forecaster"] = (u[:, 4] * FORECASTERS).astype(int)
    firms["lawful"] = 1
    firms["hosted"] = u[:, 6] < v["world_hosted_share"]
    firms["follows_rivers"] = u[:, 7] < v["world_river_share"]
    firms["slowness"] = 0.5 + u[:, 5]
    released = frontier.release_month < 0
    own_median = v["world_fleet_median_j_per_th"] * np.exp(-v["world_fleet_log_spread"] * 0.5 * rank)
    distance = (np.log(frontier.j_per_th)[None, :] - np.log(own_median)[:, None]) / v[
        "world_fleet_log_spread"
    ]
    weight = np.where(released[None, :], np.exp(-0.5 * distance**2), 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    hash_ths = v["network_hash_start_ehs"] * 1e6 / count / v["mining_availability"]
    firms["fleet_ths"] = hash_ths * weight
    megawatt = (firms["fleet_ths"] * frontier.j_per_th[None, :]).sum(axis=1) * firms["pue"] / 1e6
    firms["site_mw"] = megawatt
    firms["active"] = 1
    revenue = hash_ths / 1000.0 * hashprice * 365.0
    firms["funds_usd"] = v["world_funds_share"] * revenue
    firms["cash_usd"] = v["cash_buffer_months"] / 12.0 * revenue * 0.5


def settle_ai_firms(
    state: State, seed: int, v: dict[str, float], zones: int, reference_premium: float
) -> None:
    """Give AI slots their kind, stage size, cost of capital and view of future prices."""
    firms = state.ai_firms
    count = len(firms)
    u = identities(seed, "ai_identity", count, 12)
    place = places(count)
    cloud = v["colocation_slot_share"] + v["cloud_slot_share"]
    kind = np.full(count, HYPERSCALER)
    kind[place < cloud + v["sovereign_slot_share"]] = SOVEREIGN
    kind[place < cloud] = GPU_CLOUD
    kind[place < v["colocation_slot_share"]] = COLOCATION
    stage = np.array(
        [
            v["colocation_stage_mw_it"],
            v["cloud_stage_mw_it"],
            v["sovereign_stage_mw_it"],
            v["hyperscaler_stage_mw_it"],
        ]
    )
    firms["agent_id"] = np.arange(count)
    firms["home"] = 1
    firms["kind"] = kind
    firms["zone"] = np.minimum((u[:, 0] * zones).astype(int), zones - 1)
    firms["stage_mw_it"] = stage[kind] * np.exp(0.5 * ndtri(u[:, 1]))
    firms["target_mw"] = firms["stage_mw_it"] * v["stages_per_firm"]
    capex = v["ai_facility_capex_usd_per_mw_it"] + np.where(kind == COLOCATION, 0.0, REFERENCE_GPU_USD_PER_MW)
    firms["funds_usd"] = v["ai_funds_over_stage_cost"] * firms["stage_mw_it"] * capex * (0.5 + u[:, 2])
    cost = real_rate(v["ai_wacc_per_year"], v["usd_inflation_per_year"])
    firms["wacc_per_year"] = spread(cost, v["ai_wacc_spread"] * cost, u[:, 3]) - reference_premium
    firms["hurdle"] = spread(v["ai_hurdle_npv_mean"], v["ai_hurdle_npv_spread"], u[:, 4])
    firms["debt_share"] = v["ai_debt_share"]
    firms["foreign"] = (kind == HYPERSCALER) | ((kind == GPU_CLOUD) & (u[:, 5] < 0.5))
    firms["tenant_credit"] = spread(1.0, v["tenant_credit_spread"], u[:, 6])
    firms["anchor_limit"] = np.select(
        [kind == COLOCATION, kind == GPU_CLOUD], [0.0, v["cloud_anchor_share"]], v["sovereign_anchor_share"]
    )
    base = np.where(kind == COLOCATION, v["ai_installed_mw_it"] / max(1, (kind == COLOCATION).sum()), 0.0)
    firms["legacy_mw_it"] = firms["it_mw"] = base
    firms["site_mw"] = base * site_mw_per_mw_it(COLOCATION, state.par[0])
    firms["target_mw"] += base
    firms["active"] = base > 0.0
    firms["opened_month"] = -LEGACY_AGE_MONTHS
    slow, fast = v["gpu_decline_slow_per_year"], v["gpu_decline_fast_per_year"]
    firms["price_decline_per_year"] = slow + (fast - slow) * u[:, 7]


def settle_consumers(state: State, country: Country, v: dict[str, float]) -> None:
    """Set up consumer classes by zone from the country file."""
    tariff = v["average_tariff_local_per_kwh"] / v["local_per_usd"] * (1.0 - v["tariff_subsidy_share"])
    surcharge = v["debt_surcharge_local_per_kwh"] / v["local_per_usd"]
    zones = range(len(country.zones))
    places = [(item, zone, item.zone_shares[zone]) for item in country.consumer_class for zone in zones]
    rows = state.consumers
    rows["agent_id"] = np.arange(len(places))
    rows["zone"] = [zone for _, zone, _ in places]
    rows["base_share"] = [item.sales_share * share for item, _, share in places]
    rows["tariff_ratio"] = [item.tariff_ratio for item, _, _ in places]
    rows["short_elasticity"] = [item.short_elasticity for item, _, _ in places]
    rows["long_elasticity"] = [item.long_elasticity for item, _, _ in places]
    rows["solar_potential_mw"] = [item.solar_potential_gw * 1000.0 * share for item, _, share in places]
    rows["solar_start_mw"] = rows["solar_mw"] = [
        item.solar_installed_gw * 1000.0 * share for item, _, share in places
    ]
    rows["reference_tariff_usd_per_kwh"] = rows["tariff_usd_per_kwh"] = (
        tariff * rows["tariff_ratio"] + surcharge
    )
    rows["demand_index"] = 1.0


def settle_skills(state: State, country: Country, v: dict[str, float]) -> None:
    """Set up skill pools: those who look for work are available, the rest of the workforce works elsewhere.

    Without this industry the pool is in balance: other employers take on as many as leave them, and graduates
    who neither replace emigrants nor pensioners give up the field.
    """
    pools, skills = state.skills, country.skill
    pools["agent_id"] = np.arange(len(skills))
    wage = np.array([item.wage_local_per_month for item in skills]) / v["local_per_usd"]
    pools["reference_wage_usd"] = pools["wage_usd"] = wage
    pools["foreign_wage_usd"] = wage / v["wage_gap_reference"]
    entrants = np.array([item.entrants_per_month for item in skills])
    workforce = np.array([item.workforce for item in skills])
    seekers = np.array([item.unemployed for item in skills])
    emigrate = np.array([item.emigration_per_year for item in skills])
    elsewhere = np.maximum(0.0, workforce - seekers)
    pools["graduates_per_month"], pools["emigration_per_year"] = entrants, emigrate
    pools["available"], pools["elsewhere"] = seekers, elsewhere
    separation, retirement = v["separation_per_month"], v["retirement_per_month"]
    pools["separation_per_month"], pools["retirement_per_month"] = separation, retirement
    leaving = separation + retirement + emigrate / 12.0
    surplus = np.maximum(0.0, entrants - (emigrate / 12.0 * workforce + retirement * elsewhere))
    # Where nobody looks for work there is no balance to keep
    looked_for = np.where(seekers > 0.0, seekers, np.inf)
    pools["absorption_per_month"] = np.minimum(1.0, leaving * elsewhere / looked_for)
    pools["give_up_per_month"] = np.minimum(1.0, surplus / looked_for)


def settle_public(state: State, country: Country, v: dict[str, float]) -> None:
    """Set up operator accounts, tariffs, arrears and the government's unchanged instruments."""
    operator = state.operator
    local = v["local_per_usd"]
    determined = v["average_tariff_local_per_kwh"] / local
    uniform = determined * (1.0 - v["tariff_subsidy_share"])
    hours = 8766.0
    energy_mwh = float(np.mean(country.load_shape.mean_load_mw)) * hours
    allowed = energy_mwh * (1.0 - v["transmission_loss_share"]) * (1.0 - v["allowed_loss_share"])
    operator["base_tariff_usd_per_kwh"] = operator["reference_tariff_usd_per_kwh"] = determined
    operator["loss_share"] = v["distribution_loss_share"]
    operator["subsidy_usd_per_kwh"] = determined - uniform
    operator["network_cost_usd_per_year"] = v["network_margin_local_per_kwh"] / local * allowed * 1000.0
    operator["arrears_usd"] = v["circular_debt_local_bn"] * 1e9 / local
    government = state.government
    government["tariff_factor"] = 1.0
    government["quota_factor"] = 1.0
    government["inspection_factor"] = 1.0
    government["meter_share"] = v["smart_meter_share_start"]


def settle_network(worlds: np.ndarray, v: dict[str, float], frontier: Frontier, start: str) -> None:
    """Fill the parts of the observation on the bitcoin network that hold before anything has happened."""
    world = worlds[0]
    world.network_hash_ehs = v["network_hash_start_ehs"]
    world.rig_j_per_th[:] = frontier.j_per_th
    world.delivery_months = v["rig_delivery_months"]
    world.rig_markup = v["rig_reference_markup"]
    world.used_price_factor[:] = 1.0
    world.hash_growth_per_month = opening_hash_growth(start)
    world.running_share_abroad = world.site_cost_factor_abroad = world.power_season_abroad = 1.0


def settle_world(state: State, v: dict[str, float], frontier: Frontier, start: str) -> None:
    """Fill the parts of the observation that hold before anything has happened."""
    settle_network(state.world, v, frontier, start)
    world = state.world[0]
    world.interruptible_served_share[:] = 1.0
    world.firm_served_share[:] = 1.0
    world.firm_served_year = 1.0
    world.interruptible_served_mean = world.firm_served_mean = 1.0
    world.offer_effective = 1
    world.utilisation = v["billed_utilisation"]
    world.domestic_sales_share = 1.0
    world.hire_share[:] = 1.0
    world.mining_operations_skill_share[:] = [v[f"mining_ops_share_{name}"] for name in SKILL_NAMES]
    world.ai_operations_skill_share[:] = [v[f"ai_ops_share_{name}"] for name in SKILL_NAMES]
    world.construction_skill_share[:] = [v[f"construction_share_{name}"] for name in SKILL_NAMES]
    world.wage_usd_per_month[:] = state.skills["wage_usd"]


def settle(
    state: State, seed: int, country: Country, v: dict[str, float], frontier: Frontier, start: str
) -> None:
    """Populate a state: every record gets its identity and its opening balance."""
    zones = len(country.zones)
    settle_miners(state, seed, v, zones)
    settle_world_miners(state.world_miners, seed, v, frontier, start)
    premium = country.values.get("country_risk_premium")
    reference = premium.value if premium else parameters()["country_risk_premium"].value
    settle_ai_firms(state, seed, v, zones, reference)
    settle_consumers(state, country, v)
    settle_skills(state, country, v)
    settle_public(state, country, v)
    settle_world(state, v, frontier, start)
