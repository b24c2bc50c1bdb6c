"""Host countries as data: scalar values with provenance, plants, consumer classes, distributors, skills,
shapes.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import ScenarioError
from sim.parameters import STATUSES, checked_value, data_text, parameters
from sim.regimes import NAME, explain, find_text, read_toml

# Beyond this no amount in a country file makes sense, in whatever unit; sums of such amounts stay finite
LARGEST = 1e9
Share = Annotated[float, Field(ge=0.0, le=1.0)]
MONTH = r"^([0-9]{4}-(0[1-9]|1[0-2]))?$"
Amount = Annotated[float, Field(ge=0.0, le=LARGEST)]
Positive = Annotated[float, Field(ge=1e-6, le=LARGEST)]
Multiple = Annotated[float, Field(ge=1e-6, le=100.0)]
Shares = Annotated[list[Share], Field(min_length=12, max_length=12)]
Loads = Annotated[list[Annotated[float, Field(ge=1.0, le=1e7)]], Field(min_length=12, max_length=12)]
LoadDay = Annotated[list[Annotated[float, Field(ge=0.001, le=100.0)]], Field(min_length=24, max_length=24)]
Day = Annotated[list[Annotated[float, Field(ge=0.0, le=100.0)]], Field(min_length=24, max_length=24)]


@functools.cache
def fuels() -> tuple[str, ...]:
    """Fuels with a series of costs."""
    header = data_text("drivers", "fuel_cost_monthly.csv").splitlines()[0]
    return tuple(name for name in header.split(",") if name != "month")


SKILL_NAMES = ("construction", "electrical", "technician", "operator", "software", "compliance")
# Applies to plants of the technology imported_coal only
PAKISTANI_WEDGE = "imported_coal_wedge_local_per_kwh"


class Strict(BaseModel):
    """A part of a country file: unknown fields and numbers that are not finite are errors."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Quantity(Strict):
    """A value with its provenance."""

    value: float
    low: float | None = None
    high: float | None = None
    unit: str
    status: str
    source: str = ""
    note: str = ""

    @model_validator(mode="after")
    def has_provenance(self) -> Quantity:
        if self.status not in STATUSES:
            raise ValueError(f"status '{self.status}' is not one of {', '.join(STATUSES)}")
        if not (self.note if self.status == "assumed" else self.source):
            raise ValueError(
                f"{self.status} needs a {'note with the rationale' if self.status == 'assumed' else 'source'}"
            )
        if self.low is not None and self.high is not None and not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} outside its own bounds {self.low:g} to {self.high:g}")
        return self


class Plant(Strict):
    """One plant or station; capacity is dependable MW, availability by calendar month.

    ``online_from`` and ``online_until`` (YYYY-MM, blank: always) bound the months in which it stands;
    ``planned`` plants may come later than announced.
    """

    name: str
    technology: str
    zone: str
    capacity_mw: Amount
    availability: Shares
    fuel: str = ""
    cost_factor: Multiple = 1.0
    must_run_share: Share = 0.0
    take_or_pay_share: Share = 0.0
    variable_om_local_per_kwh: Amount = 0.0
    emission_t_per_mwh: Amount = 0.0
    capacity_payment_local_bn_per_year: Amount = 0.0
    energy_limited: bool = False
    gas_group: bool = False
    online_from: str = Field(default="", pattern=MONTH)
    online_until: str = Field(default="", pattern=MONTH)
    planned: bool = False
    source: str
    status: str
    note: str = ""


class ConsumerClass(Strict):
    """A consumer class: share of sales, tariff relative to the average, elasticities, solar potential."""

    name: str
    sales_share: Share
    tariff_ratio: Multiple
    short_elasticity: Annotated[float, Field(ge=0.0, le=10.0)]
    long_elasticity: Annotated[float, Field(ge=0.0, le=10.0)]
    solar_potential_gw: Amount
    solar_installed_gw: Amount = 0.0
    zone_shares: list[Share]
    source: str
    status: str
    note: str = ""


class LoadShape(Strict):
    """Typical days and monthly mean load of the country without special load."""

    winter: LoadDay
    summer: LoadDay
    shoulder: LoadDay
    mean_load_mw: Loads
    south_share: Share
    source: str
    status: str
    note: str = ""


class Shape(Strict):
    """Hourly output of solar or wind, as a multiple of the month's mean."""

    winter: Day
    summer: Day
    shoulder: Day
    source: str
    status: str
    note: str = ""


class Distributor(Strict):
    """A distributor or group: losses and recovery."""

    name: str
    zone: str
    sales_share: Share
    loss_share: Share
    allowed_loss_share: Share
    recovery_share: Share
    source: str
    status: str
    note: str = ""


class Skill(Strict):
    """A pool of workers of one skill, relevant for this industry."""

    name: str
    label: str
    family: str
    workforce: Positive
    unemployed: Amount
    entrants_per_month: Amount
    wage_local_per_month: Positive
    foreign_wage_ratio: Multiple = 3.0
    emigration_per_year: Share
    source: str
    status: str
    note: str = ""


class Country(Strict):
    """A country file."""

    name: str = Field(pattern=NAME, max_length=60)
    title: str
    currency: str
    zones: Annotated[list[str], Field(min_length=1, max_length=2)]
    values: dict[str, Quantity]
    plant: Annotated[list[Plant], Field(min_length=1, max_length=40)]
    consumer_class: Annotated[list[ConsumerClass], Field(alias="class", min_length=1)]
    load_shape: LoadShape
    solar_shape: Shape
    wind_shape: Shape
    distributor: list[Distributor] = []
    skill: Annotated[list[Skill], Field(min_length=6, max_length=6)]

    @model_validator(mode="after")
    def fuels_exist(self) -> Country:
        for plant in self.plant:
            if plant.fuel and plant.fuel not in fuels():
                raise ValueError(
                    f"plant {plant.name}: fuel '{plant.fuel}' is not one of {', '.join(fuels())}"
                )
        return self

    @model_validator(mode="after")
    def zones_exist(self) -> Country:
        for place, items in (("plant", self.plant), ("distributor", self.distributor)):
            for item in items:
                if item.zone not in self.zones:
                    raise ValueError(
                        f"{place} {item.name}: zone '{item.zone}' is not one of {', '.join(self.zones)}"
                    )
        if len(set(self.zones)) < len(self.zones):
            raise ValueError("zones: a zone is named twice")
        for group in self.consumer_class:
            if len(group.zone_shares) != len(self.zones) or abs(sum(group.zone_shares) - 1.0) > 1e-6:
                raise ValueError(f"class {group.name}: zone_shares must have one share per zone and add to 1")
        return self


def list_countries() -> list[str]:
    """Names of the shipped countries."""
    folder = resources.files("sim").joinpath("data", "countries")
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def load_country(name: str) -> Country:
    """Load and check a shipped country or a file; every value must be a registered parameter within its
    bounds.
    """
    text, where = find_text("country", "countries", name, list_countries())
    return parse_country(read_toml(text, where), where)


def parse_country(content: dict[str, Any], where: str) -> Country:
    """Check the content of a country file; ScenarioError names ``where`` and what is wrong."""
    try:
        country = Country.model_validate(content)
    except ValidationError as error:
        raise explain(error, where) from None
    for key, quantity in country.values.items():
        checked_value(key, quantity.value, f"{where}, values")
    for name, parameter in parameters().items():
        if "local" in parameter.unit and name not in (*country.values, PAKISTANI_WEDGE):
            raise ScenarioError(
                f"{where}, values: {name} is missing; an amount in local money has no default"
            )
    for number, (item, wanted) in enumerate(zip(country.skill, SKILL_NAMES, strict=True), start=1):
        if item.name != wanted:
            raise ScenarioError(f"{where}: skill {number} is '{item.name}'; allowed: {wanted}")
    if abs(sum(item.sales_share for item in country.consumer_class) - 1.0) > 1e-6:
        raise ScenarioError(f"{where}: sales_share of the classes must add to 1")
    return country
