"""Order, labels and colours of generation technologies and consumer classes: the same in every figure."""

from __future__ import annotations

# From the base of a stack to its top: label and colour (lightness tells neighbours apart in print)
TECHNOLOGIES = {
    "nuclear": ("Nuclear", "#4B1F5E"),
    "hydro": ("Hydro", "#3E9AD6"),
    "wind": ("Wind", "#7FD3C0"),
    "solar": ("Solar", "#F0E442"),
    "bagasse": ("Bagasse", "#5E8C31"),
    "import": ("Import from Iran", "#C9C9C9"),
    "thar_coal": ("Thar coal", "#5B4636"),
    "gas": ("Local gas", "#56B4E9"),
    "imported_coal": ("Imported coal", "#111111"),
    "rlng": ("Imported gas (RLNG)", "#E69F00"),
    "oil": ("Furnace oil", "#D55E00"),
}
CLASSES = {
    "households": ("Households", "#0072B2", "o"),
    "industry": ("Industry", "#D55E00", "s"),
    "commerce": ("Commerce", "#009E73", "^"),
    "farms": ("Farms", "#CC79A7", "D"),
}
SEASON_NAMES = {"winter": "Winter", "summer": "Summer", "shoulder": "Spring and autumn"}
