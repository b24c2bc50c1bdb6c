"""Outputs on jobs: by phase, skill and family, direct and beyond, and what power tariffs do to jobs
elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba.extending import register_jitable

from sim.population import SKILL_NAMES

FloatArray = npt.NDArray[np.float64]
BUILDING, MINING, AI = range(3)
CONSTRUCTION, ELECTRICAL, TECHNICIAN, OPERATOR, SOFTWARE, COMPLIANCE = range(6)


def job_outputs(jobs: FloatArray, expats: FloatArray, par: np.ndarray) -> dict[str, FloatArray]:
    """Jobs by phase, skill and family; ``jobs`` has by month construction, mining and AI operations by
    skill, ``par`` the parameters.

    Suppliers' and spending jobs follow from operations jobs by multipliers; their sum has a band of its own.
    """
    by_phase, operations = jobs.sum(axis=2), jobs[:, MINING] + jobs[:, AI]
    direct, building = by_phase[:, MINING] + by_phase[:, AI], by_phase[:, BUILDING]
    science = par["data_science_share"] * jobs[:, AI, SOFTWARE]
    row = {
        "jobs_construction": building,
        "jobs_operations": direct,
        "jobs_operations_mining": by_phase[:, MINING],
        "jobs_operations_ai": by_phase[:, AI],
        "jobs_expatriate": expats,
        "jobs_indirect": par["indirect_jobs_per_direct"] * direct,
        "jobs_induced": par["induced_jobs_per_direct"] * direct,
        "jobs_total": all_jobs(building, direct, par),
        "jobs_total_low": building + direct * par["job_multiplier_low"],
        "jobs_total_high": building + direct * par["job_multiplier_high"],
        "jobs_family_ai": jobs[:, AI, SOFTWARE] - science,
        "jobs_family_data_science": science,
        "jobs_family_cloud": operations[:, OPERATOR],
        "jobs_family_blockchain": jobs[:, MINING, SOFTWARE] + operations[:, COMPLIANCE],
        "jobs_family_technicians": operations[:, ELECTRICAL] + operations[:, TECHNICIAN],
    }
    for skill, name in enumerate(SKILL_NAMES):
        row[f"jobs_operations_{name}"] = operations[:, skill]
        row[f"jobs_building_{name}"] = jobs[:, BUILDING, skill]
    return row


@register_jitable
def all_jobs(building: Any, direct: Any, par: Any) -> Any:
    """Jobs in construction and operations, and those that operations bring by their multipliers; numbers
    or columns.
    """
    indirect, induced = par["indirect_jobs_per_direct"] * direct, par["induced_jobs_per_direct"] * direct
    return building + direct + indirect + induced


def pool_outputs(skills: np.ndarray) -> dict[str, FloatArray]:
    """Flows of people over all skills; ``skills`` has the pools by month."""
    return {
        "vacancies": skills["vacancies"].sum(axis=1) - skills["matches"].sum(axis=1),
        "people_training": skills["training"].sum(axis=(1, 2)),
        "people_trained": skills["trained"].sum(axis=1),
        "people_emigrated": skills["emigrated"].sum(axis=1),
    }


def jobs_elsewhere(gap_usd: FloatArray, consumer_bill_usd: FloatArray, par: np.ndarray) -> FloatArray:
    """Change in manufacturing jobs by what new load does to other users' tariff (Eq. M9, B11): marginal
    cost that its bills and the treasury do not cover, as a share of the others' bills, times the elasticity
    of employment. Stolen power is carried as arrears and is not in it.
    """
    dearer = gap_usd / np.maximum(1.0, consumer_bill_usd)
    return np.asarray(-par["employment_tariff_elasticity"] * par["manufacturing_jobs"] * dearer)
