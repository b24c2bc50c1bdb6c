"""The labour market: vacancies of all firms by skill meet the people who are available (Eq. M9)."""

from __future__ import annotations

import numpy as np
from numba.extending import register_jitable

from agents.base import SKILLS
from agents.firm import in_business
from sim.compiled import kernel


@register_jitable
def add_gaps(firms, vacancies, released):  # type: ignore[no-untyped-def]
    """Add what firms want more and less of each skill to the sums by skill."""
    for i in range(len(firms)):
        firm = firms[i]
        if not in_business(firm):
            continue
        for skill in range(SKILLS):
            for gap in (
                firm.staff_target[skill] - firm.staff[skill],
                firm.builders_target[skill] - firm.builders[skill],
            ):
                # Most firms want neither more nor less
                if gap > 0.0:
                    vacancies[skill] += gap
                elif gap < 0.0:
                    released[skill] -= gap


@kernel
def count_vacancies(miners, ai_firms, skills):  # type: ignore[no-untyped-def]
    """Add up vacancies and releases by skill over all firms."""
    vacancies, released = np.zeros(SKILLS), np.zeros(SKILLS)
    add_gaps(miners, vacancies, released)
    add_gaps(ai_firms, vacancies, released)
    for skill in range(SKILLS):
        skills[skill].vacancies = vacancies[skill]
        skills[skill].released = released[skill]


@kernel
def publish_hiring(worlds, skills):  # type: ignore[no-untyped-def]
    """Publish the share of vacancies that was filled and the wage, by skill."""
    world = worlds[0]
    for skill in range(SKILLS):
        pool = skills[skill]
        world.hire_share[skill] = pool.matches / pool.vacancies if pool.vacancies > 0.0 else 1.0
        world.wage_usd_per_month[skill] = pool.wage_usd


@register_jitable
def count_jobs(miners, ai_firms):  # type: ignore[no-untyped-def]
    """Count people at work by skill, shape (3, skills): construction, operations in mining, operations in
    AI. Expatriates are not among them.
    """
    jobs = np.zeros((3, SKILLS))
    for i in range(len(miners)):
        if in_business(miners[i]):
            for skill in range(SKILLS):
                jobs[1, skill] += miners[i].staff[skill]
                jobs[0, skill] += miners[i].builders[skill]
    for i in range(len(ai_firms)):
        if in_business(ai_firms[i]):
            for skill in range(SKILLS):
                jobs[2, skill] += ai_firms[i].staff[skill]
                jobs[0, skill] += ai_firms[i].builders[skill]
    return jobs


@register_jitable
def count_expatriates(miners, ai_firms):  # type: ignore[no-untyped-def]
    """Count lead staff from abroad over all firms, jobs."""
    total = 0.0
    for i in range(len(miners)):
        if in_business(miners[i]):
            total += miners[i].expats
    for i in range(len(ai_firms)):
        if in_business(ai_firms[i]):
            total += ai_firms[i].expats
    return total
