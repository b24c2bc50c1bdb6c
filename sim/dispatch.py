"""One month of power dispatch in one or two zones: the least-cost plan for 24 typical hours (benchmark B10).

The plan minimises generation, interruption, shedding, curtailment and take-or-pay cost subject to zone
balances, one link with a limit in each direction, availability, must-run, monthly energy of single plants
(water, contracts) and hourly and monthly limits of fuel groups. Two methods return the same result type:

* `solve_lp` states the whole linear programme and hands it to HiGHS: the reference.
* `dispatch` runs the compiled kernel of `sim.dispatch_search` and falls back to `solve_lp`, with
  `DispatchResult.fallback` set, when the kernel cannot prove its own answer.

Every valid case is feasible: demand may be shed, surplus curtailed, take-or-pay missed at a price, and
must-run output is lowered where a limit does not allow it (`sim.dispatch_case.must_run_mw`).
"""

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_array

from sim.compiled import kernel
from sim.dispatch_case import DispatchCase, DispatchOutput, must_run_mw, prove
from sim.dispatch_search import dispatch_kernel
from sim.errors import ModelError

__all__ = [
    "DispatchCase",
    "DispatchOutput",
    "DispatchResult",
    "check_case",
    "clear_month",
    "compiled_dispatch",
    "dispatch",
    "dispatch_kernel",
    "empty_output",
    "solve_lp",
    "standard_case",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

# Tightest feasibility tolerance that HiGHS accepts; its default of 1e-7 is coarser than the tests of B10.
LP_TOLERANCE = 1e-10

# Fields that are numbers, and fields that may be infinite; others have a bound, against overflow.
SCALARS = (
    "days",
    "link_north_mw",
    "link_south_mw",
    "interruptible_cost_usd_per_mwh",
    "value_of_lost_load_usd_per_mwh",
    "over_cost_usd_per_mwh",
)
MAY_BE_INFINITE = ("energy_max_mwh", "group_cap_mw", "group_energy_max_mwh")
LARGEST = 1e12


@kernel
def compiled_dispatch(case, out):  # type: ignore[no-untyped-def]
    """Run `dispatch_kernel`; plain tuples in the order of its arguments, which cost half of named ones."""
    return dispatch_kernel(DispatchCase(*case), DispatchOutput(*out))


class DispatchResult(NamedTuple):
    """A month's dispatch.

    `price_usd_per_mwh` is the dual of the zone balance, any value in the dual interval. `shortfall_mwh` is
    take-or-pay energy not taken. `plant_value_usd_per_mwh` is the worth of one more MWh of a plant's monthly
    energy (positive: water value; negative: pressure of take-or-pay), `group_value_usd_per_mwh` that of a
    group's monthly fuel. `gap_relative` is (cost - proven lower bound) / cost. `converged` says that cost and
    limits meet the tolerances of the proof; `fallback` that HiGHS had to replace the kernel; `iterations`
    counts plans of the kernel or iterations of HiGHS.
    """

    gen_mw: FloatArray  # [P, H]
    flow_mw: FloatArray  # [H], south to north positive
    interrupted_mw: FloatArray  # [Z, H]
    shed_mw: FloatArray  # [Z, H]
    over_mw: FloatArray  # [Z, H] generated but curtailed
    price_usd_per_mwh: FloatArray  # [Z, H]
    shortfall_mwh: FloatArray  # [P]
    plant_value_usd_per_mwh: FloatArray  # [P]
    group_value_usd_per_mwh: FloatArray  # [F]
    cost_usd: float
    gap_relative: float
    violation_relative: float
    converged: bool
    iterations: int
    fallback: bool


@functools.cache
def _form(
    plants: int, zones: int, groups: int, hours: int
) -> tuple[list[tuple[int, ...]], FloatArray, FloatArray]:
    """Return the shape of every field of a case, and the bounds of all their values one after the other."""
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(DispatchCase._fields, (plants,))
    shapes.update(dict.fromkeys(SCALARS, ()))
    shapes.update(max_mw=(plants, hours), demand_mw=(zones, hours), interruptible_mw=(zones, hours))
    shapes.update(group_cap_mw=(groups,), group_energy_max_mwh=(groups,))
    bounds = {name: (0.0, np.inf if name in MAY_BE_INFINITE else LARGEST) for name in shapes}
    bounds.update(zone=(0, zones - 1), fuel_group=(-1, groups - 1))
    low, high = (
        np.concatenate([np.full(int(np.prod(shape)), bounds[name][side]) for name, shape in shapes.items()])
        for side in (0, 1)
    )
    return list(shapes.values()), low, high


def check_case(case: DispatchCase) -> None:
    """Raise ModelError naming the first field of the case that has a wrong shape or value."""
    zones = case.demand_mw.shape[0]
    if zones not in (1, 2):
        raise ModelError(f"dispatch case: demand_mw has {zones} zones; allowed are 1 or 2")
    plants, hours = case.max_mw.shape
    shapes, low, high = _form(plants, zones, case.group_cap_mw.shape[0], hours)
    fields: tuple[Any, ...] = case
    for name, value, shape in zip(case._fields, fields, shapes, strict=True):
        if np.shape(value) != shape:
            raise ModelError(f"dispatch case: {name} has shape {np.shape(value)}; expected {shape}")
    values = np.concatenate([np.ravel(value) for value in fields])
    good = (values >= low) & (values <= high)  # False for nan
    if not good.all():
        i = int(good.argmin())
        ends = np.cumsum([np.size(value) for value in fields])
        name = case._fields[int(np.searchsorted(ends, i, side="right"))]
        raise ModelError(f"dispatch case: {name} has {values[i]:g}; allowed from {low[i]:g} to {high[i]:g}")
    if case.days <= 0.0:
        raise ModelError(f"dispatch case: days is {case.days:g}; must be above 0")
    cost, most = case.interruptible_cost_usd_per_mwh, case.value_of_lost_load_usd_per_mwh
    if cost > most:
        name = "interruptible_cost_usd_per_mwh"
        raise ModelError(f"dispatch case: {name} is {cost:g}; at most the value of lost load, {most:g}")


def standard_case(case: DispatchCase) -> DispatchCase:
    """Return the case in the types the kernel is compiled for: new C-ordered float64 and int64 arrays."""
    fields: dict[str, Any] = case._asdict()
    for name, value in fields.items():
        kind = np.int64 if name in ("zone", "fuel_group") else np.float64
        fields[name] = float(value) if name in SCALARS else np.array(value, dtype=kind, order="C")
    return DispatchCase(**fields)


def empty_output(plants: int, zones: int, groups: int, hours: int) -> DispatchOutput:
    """Allocate the arrays that the kernel fills."""
    return DispatchOutput(
        np.zeros((plants, hours)),
        np.zeros(hours),
        np.zeros((zones, hours)),
        np.zeros((zones, hours)),
        np.zeros((zones, hours)),
        np.zeros((zones, hours)),
        np.zeros(plants),
        np.zeros(plants),
        np.zeros(groups),
        np.zeros(4),
    )


def dispatch(case: DispatchCase) -> DispatchResult:
    """Decide the least-cost dispatch of a month (B10) with the kernel, or HiGHS if it has no proof."""
    check_case(case)
    return clear_month(standard_case(case))


def clear_month(case: DispatchCase) -> DispatchResult:
    """Dispatch a case that is already in standard form; values that make no sense fail the proof, and then
    `solve_lp` names them.
    """
    plants, hours = case.max_mw.shape
    out = empty_output(plants, case.demand_mw.shape[0], case.group_cap_mw.shape[0], hours)
    if compiled_dispatch(tuple(case), tuple(out)):
        return _result(out, converged=True, fallback=False)
    return solve_lp(case, fallback=True)


def _result(out: DispatchOutput, converged: bool, fallback: bool) -> DispatchResult:
    """Turn filled arrays into a result."""
    cost, bound, violation, iterations = out.summary.tolist()
    gap = (cost - bound) / max(abs(cost), 1.0)
    return DispatchResult(*out[:-1], cost, gap, violation, converged, int(iterations), fallback)


class _Rows:
    """Collects the rows of one sparse constraint matrix."""

    def __init__(self) -> None:
        self._place: list[tuple[IntArray, IntArray]] = []
        self._value: list[FloatArray] = []
        self.right: list[float] = []

    def add(self, terms: list[tuple[IntArray, float]], right: float) -> None:
        """Append the row sum(value * x[columns]) against `right`."""
        for columns, value in terms:
            self._place.append((np.full(columns.size, len(self.right), dtype=np.int64), columns.ravel()))
            self._value.append(np.full(columns.size, value))
        self.right.append(right)

    def matrix(self, columns: int) -> coo_array | None:
        """Return the matrix; None without rows, as linprog wants it."""
        if not self.right:
            return None
        row, column = (np.concatenate(part) for part in zip(*self._place, strict=True))
        return coo_array((np.concatenate(self._value), (row, column)), shape=(len(self.right), columns))


def _number(case: DispatchCase) -> tuple[list[IntArray], int]:
    """Number gen, flow, interrupted, shed, over and shortfall; return number blocks and count."""
    plants, hours = case.max_mw.shape
    zones = case.demand_mw.shape[0]
    by_zone = (zones, hours)
    blocks: list[IntArray] = []
    start = 0
    for shape in ((plants, hours), (zones - 1, hours), by_zone, by_zone, by_zone, (plants,)):
        size = int(np.prod(shape))
        blocks.append(np.arange(start, start + size, dtype=np.int64).reshape(shape))
        start += size
    return blocks, start


def _balance_rows(case: DispatchCase, blocks: list[IntArray]) -> _Rows:
    """State generation + interruption + shedding - curtailment - net export = demand by zone and hour."""
    gen, flow, interrupted, shed, over, _ = blocks
    rows = _Rows()
    for (z, h), demand in np.ndenumerate(case.demand_mw):
        supply = np.concatenate((gen[case.zone == z, h], interrupted[z, [h]], shed[z, [h]]))
        sign = -1.0 if z == 0 else 1.0
        rows.add([(supply, 1.0), (over[z, [h]], -1.0), (flow[:, h], sign)], demand)
    return rows


def _limit_rows(case: DispatchCase, blocks: list[IntArray]) -> tuple[_Rows, list[tuple[str, int]]]:
    """State the energy, take-or-pay and group limits per typical day, and say what each row limits."""
    gen, shortfall = blocks[0], blocks[5]
    rows, kinds = _Rows(), []
    for p in range(gen.shape[0]):
        if np.isfinite(case.energy_max_mwh[p]):
            rows.add([(gen[p], 1.0)], case.energy_max_mwh[p] / case.days)
            kinds.append(("plant", p))
        if case.energy_min_mwh[p] > 0.0:
            rows.add([(gen[p], -1.0), (shortfall[[p]], -1.0)], -case.energy_min_mwh[p] / case.days)
            kinds.append(("contract", p))
    for f in range(case.group_cap_mw.size):
        members = gen[case.fuel_group == f]
        if np.isfinite(case.group_energy_max_mwh[f]):
            rows.add([(members, 1.0)], case.group_energy_max_mwh[f] / case.days)
            kinds.append(("group", f))
        if np.isfinite(case.group_cap_mw[f]):
            for h in range(gen.shape[1]):
                rows.add([(members[:, h], 1.0)], case.group_cap_mw[f])
                kinds.append(("hour", f))
    return rows, kinds


def _costs_and_bounds(case: DispatchCase, blocks: list[IntArray], size: int) -> tuple[FloatArray, FloatArray]:
    """Return the cost vector, USD per MWh of a typical day, and the bounds [size, 2] of all variables, MW."""
    gen, flow, interrupted, shed, over, shortfall = blocks
    cost = np.zeros(size)
    bounds = np.column_stack((np.zeros(size), np.full(size, np.inf)))
    cost[gen] = case.cost_usd_per_mwh[:, None]
    cost[interrupted] = case.interruptible_cost_usd_per_mwh
    cost[shed] = case.value_of_lost_load_usd_per_mwh
    cost[over] = case.over_cost_usd_per_mwh
    cost[shortfall] = case.take_or_pay_usd_per_mwh
    must_run = must_run_mw(case)
    bounds[gen, 0] = must_run
    bounds[gen, 1] = np.maximum(must_run, case.max_mw)
    bounds[interrupted, 1] = np.minimum(case.interruptible_mw, case.demand_mw)
    bounds[flow, 0] = -case.link_south_mw
    bounds[flow, 1] = case.link_north_mw
    return cost, bounds


def solve_lp(case: DispatchCase, fallback: bool = False) -> DispatchResult:
    """Decide the least-cost dispatch of a month (B10) as one linear programme solved by HiGHS."""
    check_case(case)
    case = standard_case(case)
    blocks, size = _number(case)
    balance = _balance_rows(case, blocks)
    limits, kinds = _limit_rows(case, blocks)
    cost, bounds = _costs_and_bounds(case, blocks, size)
    options = {"primal_feasibility_tolerance": LP_TOLERANCE, "dual_feasibility_tolerance": LP_TOLERANCE}
    solution = linprog(
        cost,
        A_ub=limits.matrix(size),
        b_ub=limits.right or None,
        A_eq=balance.matrix(size),
        b_eq=balance.right,
        bounds=bounds,
        method="highs-ds",
        options=options,
    )
    if solution.status != 0:
        raise ModelError(f"dispatch: HiGHS found no optimum: {solution.message}")
    plants, hours = case.max_mw.shape
    out = empty_output(plants, case.demand_mw.shape[0], case.group_cap_mw.shape[0], hours)
    for array, block in zip(out[:5], blocks[:5], strict=True):
        array[...] = solution.x[block].reshape(array.shape) if block.size else 0.0
    _keep_local(case, out)
    out.price_usd_per_mwh[...] = solution.eqlin.marginals.reshape(case.demand_mw.shape)
    for (kind, index), dual in zip(kinds, solution.ineqlin.marginals, strict=True):
        if kind == "group":
            out.group_value_usd_per_mwh[index] -= dual
        elif kind != "hour":
            out.plant_value_usd_per_mwh[index] += -dual if kind == "plant" else dual
    out.summary[3] = solution.nit
    return _result(out, converged=prove(case, must_run_mw(case), out), fallback=fallback)


def _keep_local(case: DispatchCase, out: DispatchOutput) -> None:
    """Move shedding and curtailment that the optimum sends over the link to where they arise, at equal cost.

    Without an upper bound on shedding its price cannot exceed the value of lost load; the price of that is a
    vertex in which one zone sheds for the other.
    """
    if case.demand_mw.shape[0] == 1:
        return
    most = case.demand_mw - out.interrupted_mw
    for z, sign in ((0, 1.0), (1, -1.0)):
        excess = np.maximum(0.0, out.shed_mw[z] - most[z])
        out.shed_mw[z] -= excess
        out.shed_mw[1 - z] += excess
        out.flow_mw[:] -= sign * excess
        moved = np.clip(sign * out.flow_mw, 0.0, out.over_mw[1 - z])
        out.over_mw[1 - z] -= moved
        out.over_mw[z] += moved
        out.flow_mw[:] -= sign * moved
