"""Workers by skill: pools that train, take jobs here or elsewhere, and emigrate; people are conserved."""

from __future__ import annotations

from numba.extending import register_jitable

from agents.base import TERMS, TINY, ByTerm, Columns
from agents.policy import Policy
from agents.rules.labour import emigration_hazard, matching, wage_growth
from agents.world import MONTHS_PER_YEAR, Parameters, World


class SkillPool(Columns):
    """The people of one skill: in training, looking for work, employed in this industry, employed
    elsewhere.
    """

    agent_id: int
    reference_wage_usd: float
    foreign_wage_usd: float
    graduates_per_month: float
    emigration_per_year: float
    absorption_per_month: float
    separation_per_month: float
    retirement_per_month: float
    give_up_per_month: float
    # State
    training: ByTerm
    available: float
    employed: float
    elsewhere: float
    wage_usd: float
    # Flows of the month
    vacancies: float
    released: float
    matches: float
    trainees: float
    trained: float
    absorbed: float
    separated: float
    emigrated: float
    entered: float
    left_field: float

    @register_jitable
    def train_and_move(self, world: World, policy: Policy, par: Parameters) -> None:
        """Move people before hiring: graduates and trained people in, other employers hire and let go,
        emigrants and leavers out (Eq. M9).
        """
        self.trainees = policy.training_places_per_month * world.ai_operations_skill_share[self.agent_id]
        arriving = self.trainees
        for term in range(TERMS):
            passing = self.training[term] * min(1.0, TERMS / par.training_months)
            self.training[term] += arriving - passing
            arriving = passing
        self.trained = arriving * par.training_completion_share
        failed = arriving - self.trained
        self.entered = self.graduates_per_month + self.trainees
        hazard = (
            emigration_hazard(
                self.emigration_per_year,
                self.foreign_wage_usd / self.wage_usd * par.wage_gap_reference,
                par.emigration_elasticity,
            )
            / MONTHS_PER_YEAR
        )
        hazard = min(1.0, hazard)
        # Simultaneous flows from last month's stocks, at most what is there
        out = min(1.0, hazard + self.absorption_per_month + self.give_up_per_month)
        scale = out / max(TINY, hazard + self.absorption_per_month + self.give_up_per_month)
        self.absorbed = self.available * self.absorption_per_month * scale
        gave_up = self.available * self.give_up_per_month * scale
        gone = self.available * hazard * scale
        self.separated = self.elsewhere * self.separation_per_month
        retired = self.elsewhere * self.retirement_per_month
        gone_elsewhere = self.elsewhere * hazard
        self.emigrated = gone + gone_elsewhere
        self.left_field = gave_up + retired + failed
        self.available += self.graduates_per_month + self.trained + self.separated
        self.available -= self.absorbed + gave_up + gone
        self.elsewhere += self.absorbed - self.separated - retired - gone_elsewhere

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
