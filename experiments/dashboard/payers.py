"""Who pays and who receives, as a table that closes: treasury, other users, power sector."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from experiments.analysis import paired_difference
from experiments.wording import format_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from experiments.dashboard.session import View

TAXES = (
    "tax_income_usd", "tax_turnover_usd", "tax_levy_usd", "tax_licence_usd", "tax_auction_usd",
    "tax_duty_usd", "tax_sales_usd", "tax_withholding_usd", "tax_fines_usd", "state_mining_usd",
)  # fmt: skip
CLASSES = ("bill_households_usd", "bill_industry_usd", "bill_commerce_usd", "bill_farms_usd")
NOTE = (
    "Real USD over the whole run, not discounted, mean over seeds. First part: positive is received, "
    "negative paid or lost. Other users and power sector: what they pay or owe; more is a burden."
)
Line = tuple[str, "NDArray[np.float64] | None"]


def lines(view: View) -> list[Line]:
    """List label and value by seed; a heading has no values. Taxes add up to the revenue; revenue, cost and
    the treasury's part of power below cost to the net fiscal outcome; the rest to the net of both.
    """
    from sim import outputs

    def of(name: str) -> NDArray[np.float64]:
        return np.array(view.summary(name))

    def labelled(names: tuple[str, ...]) -> list[Line]:
        return [(outputs()[name].label, of(name)) for name in names]

    gap, own_gap = of("special_gap_usd"), of("special_gap_treasury_usd")
    return [
        ("Treasury and power system, from miners and AI firms", None),
        *labelled(TAXES),
        ("= Tax revenue", of("tax_total_usd")),
        ("Programme cost", -of("public_cost_usd")),
        ("Power below cost, the treasury's part", -own_gap),
        ("= Net fiscal outcome", of("net_fiscal_usd")),
        ("Power below cost, borne by others", own_gap - gap),
        ("Stolen energy at marginal cost", -of("stolen_cost_usd")),
        ("= Net outcome of treasury and power system", of("net_public_usd")),
        ("Other users", None),
        *labelled(CLASSES),
        ("= Bills of other users", of("consumer_bill_usd")),
        ("Power sector", None),
        ("Subsidy from the treasury, for all users", of("subsidy_usd")),
        ("Circular debt at the end", of("arrears_usd")),
    ]


def payer_rows(view: View, baseline: View | None) -> list[dict[str, str]]:
    """Tabulate who pays what over the horizon: view, baseline, difference at the same seeds."""
    same = baseline is not None and baseline.settings.all_seeds() == view.settings.all_seeds()
    before = lines(baseline) if baseline is not None else [(label, None) for label, _ in lines(view)]
    rows = []
    for (label, values), (_, base) in zip(lines(view), before, strict=True):
        row = {"who": label, "view": "", "baseline": "", "difference": ""}
        if values is not None:
            means = [float(np.mean(each)) for each in (values, base) if each is not None]
            form = format_for("USD", max(map(abs, means)))
            shown = [form.with_unit(form.show(mean)) for mean in means]
            row |= dict(zip(("view", "baseline"), shown, strict=False))
            if same and base is not None:
                row["difference"] = _difference(values, base)
        rows.append(row)
    return rows


def _difference(values: NDArray[np.float64], base: NDArray[np.float64]) -> str:
    found = paired_difference(values, base)
    form = format_for("USD", abs(found.mean), digits=3)
    text = form.with_unit(form.show(found.mean, signed=True))
    if np.isnan(found.low):
        return text
    return f"{text} ({form.interval(found.low, found.high, signed=True)})"
