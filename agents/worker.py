"""Workers by skill: pools that train, take jobs and emigrate; people are conserved."""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import Columns
from agents.policy import Policy
from agents.rules.labour import emigration_hazard, matching, wage_growth
from agents.world import MONTHS_PER_YEAR, Parameters, World


class SkillPool(Columns):
    """The people of one skill who could work in this industry: in training, looking, employed here, or
    gone.
    """

    agent_id: int
    reference_wage_usd: float
    foreign_wage_usd: float
    entrants_per_month: float
    emigration_per_year: float
    leave_per_month: float
    # State
    training: float
    available: float
    employed: float
    wage_usd: float
    # Flows of the month
    vacancies: float
    released: float
    matches: float
    emigrated: float
    entered: float
    left_field: float
    trainees: float
    graduates: float

    @register_jitable
    def train_and_move(self, world: World, policy: Policy, par: Parameters) -> None:
        """Move people before hiring: new graduates and trainees in, emigrants and leavers out (Eq. M9)."""
        self.trainees = policy.training_places_per_month * world.ai_operations_skill_share[self.agent_id]
        done = self.training / par.training_months
        self.training += self.trainees - done
        self.graduates = done * par.training_completion_share
        dropped = done - self.graduates
        self.entered = self.entrants_per_month + self.trainees
        self.available += self.entrants_per_month + self.graduates
        hazard = emigration_hazard(
            self.emigration_per_year,
            self.foreign_wage_usd / self.wage_usd * par.wage_gap_reference,
            par.emigration_elasticity,
        )
        self.emigrated = self.available * min(1.0, hazard / MONTHS_PER_YEAR)
        self.available -= self.emigrated
        self.left_field = self.available * self.leave_per_month + dropped
        self.available -= self.left_field - dropped

    @register_jitable
    def match(self, world: World, policy: Policy, par: Parameters) -> None:
        """Fill vacancies by the matching function and move the wage with tightness (Eq. M9)."""
        self.available += self.released
        self.employed -= self.released
        self.matches = matching(
            self.available, self.vacancies, par.matching_efficiency, par.matching_elasticity
        )
        self.available -= self.matches
        self.employed += self.matches
        growth = wage_growth(par.wage_adjustment, self.vacancies - self.matches, max(1.0, self.available))
        floor = self.reference_wage_usd
        self.wage_usd = max(floor, self.wage_usd * (1.0 + min(par.wage_growth_limit, growth)))
