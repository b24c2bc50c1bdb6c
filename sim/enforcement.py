"""Enforcement with a capacity: inspections per month are spread over illegal load by its signature (Eq.
M5).
"""

from __future__ import annotations

from agents.miner_appraisal import visibility
from agents.rules.compliance import detection_hazard, load_signature, targeting_exponent
from sim.compiled import kernel


@kernel
def publish_detection(miners, worlds, policies, pars, inspection_factor):  # type: ignore[no-untyped-def]
    """Set the detection rate per unit of signature so that expected detections never exceed the inspections
    made.

    Returns the illegal load in MW.
    """
    world, policy, par = worlds[0], policies[0], pars[0]
    signatures, illegal = 0.0, 0.0
    exponent = targeting_exponent(policy.targeting_rule, par.signature_exponent)
    for i in range(len(miners)):
        firm = miners[i]
        if firm.active == 1 and firm.compliance != 0 and firm.energised_mw > 0.0:
            seen = visibility(firm, par, firm.compliance)
            signatures += load_signature(firm.energised_mw, exponent) * seen
            illegal += firm.energised_mw
    capacity = policy.inspections_per_month * par.enforcement_effectiveness * inspection_factor
    total = par.background_signature + signatures
    rate = detection_hazard(capacity, 1.0, total, policy.smart_meter_share)
    # Smart meters point inspectors at miners, but cases cannot exceed inspections
    world.detection_rate_per_signature = min(rate, capacity / signatures) if signatures > 0.0 else rate
    world.illegal_mw = illegal
    return illegal


@kernel
def collect_seizures(miners, worlds, pars):  # type: ignore[no-untyped-def]
    """Auction seized machines into the second-hand market. Returns (cases, state revenue USD, seized
    TH/s).
    """
    world, par = worlds[0], pars[0]
    cases, revenue, seized = 0.0, 0.0, 0.0
    illegal = 0.0
    for i in range(len(miners)):
        firm = miners[i]
        if firm.active == 1 and firm.compliance != 0:
            illegal += 1.0
        if firm.caught == 0:
            continue
        cases += 1.0
        for generation in range(len(firm.seized_ths)):
            ths = firm.seized_ths[generation]
            world.used_stock_ths[generation] += ths
            seized += ths
            revenue += ths * world.rig_spot_usd_per_ths[generation] * par.seized_auction_share
    world.caught_share = cases / illegal if illegal > 0.0 else 0.0
    return cases, revenue, seized
