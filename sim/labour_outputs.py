"""Outputs on jobs: by phase, skill and family, direct and beyond, and what power tariffs do to jobs
elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from sim.population import SKILL_NAMES

if TYPE_CHECKING:
    from sim.state import State

FloatArray = npt.NDArray[np.float64]
BUILDING, MINING, AI = range(3)
CONSTRUCTION, ELECTRICAL, TECHNICIAN, OPERATOR, SOFTWARE, COMPLIANCE = range(6)


def job_outputs(jobs: FloatArray, expats: float, values: dict[str, float]) -> dict[str, float]:
    """Jobs by phase, skill and family; ``jobs`` has construction, mining and AI operations by skill.

    Suppliers' and spending jobs follow from operations jobs by multipliers; their sum has a band of its own.
    """
    by_phase, operations = jobs.sum(axis=1), jobs[MINING] + jobs[AI]
    direct = float(by_phase[MINING] + by_phase[AI])
    building = float(by_phase[BUILDING])
    indirect = values["indirect_jobs_per_direct"] * direct
    induced = values["induced_jobs_per_direct"] * direct
    science = values["data_science_share"] * jobs[AI, SOFTWARE]
    row = {
        "jobs_construction": building,
        "jobs_operations": direct,
        "jobs_operations_mining": float(by_phase[MINING]),
        "jobs_operations_ai": float(by_phase[AI]),
        "jobs_expatriate": expats,
        "jobs_indirect": indirect,
        "jobs_induced": induced,
        "jobs_total": building + direct + indirect + induced,
        "jobs_total_low": building + direct * values["job_multiplier_low"],
        "jobs_total_high": building + direct * values["job_multiplier_high"],
        "jobs_family_ai": float(jobs[AI, SOFTWARE] - science),
        "jobs_family_data_science": float(science),
        "jobs_family_cloud": float(operations[OPERATOR]),
        "jobs_family_blockchain": float(jobs[MINING, SOFTWARE] + operations[COMPLIANCE]),
        "jobs_family_technicians": float(operations[ELECTRICAL] + operations[TECHNICIAN]),
    }
    for skill, name in enumerate(SKILL_NAMES):
        row[f"jobs_operations_{name}"] = float(operations[skill])
        row[f"jobs_building_{name}"] = float(jobs[BUILDING, skill])
    return row


def pool_outputs(state: State) -> dict[str, float]:
    """Flows of people over all skills."""
    pools = state.skills
    return {
        "vacancies": float(pools["vacancies"].sum() - pools["matches"].sum()),
        "people_training": float(pools["training"].sum()),
        "people_trained": float(pools["trained"].sum()),
        "people_emigrated": float(pools["emigrated"].sum()),
    }


def jobs_elsewhere(special_gap_usd: float, consumer_bill_usd: float, values: dict[str, float]) -> float:
    """Change in manufacturing jobs by what new load does to other users' tariff (Eq. M9, B11): cost of
    power that its bills do not cover, as a share of the others' bills, times the elasticity of employment.
    """
    dearer = special_gap_usd / max(1.0, consumer_bill_usd)
    return -values["employment_tariff_elasticity"] * values["manufacturing_jobs"] * dearer
