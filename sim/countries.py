"""Host countries as data: scalar values with provenance, plants, consumer classes, distributors, skills,
shapes.
"""

from __future__ import annotations

from importlib import resources
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.errors import ScenarioError
from sim.parameters import STATUSES, checked_value
from sim.regimes import explain, find_text, read_toml

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Twelve = Annotated[list[float], Field(min_length=12, max_length=12)]
MONTH = r"^(\d{4}-(0[1-9]|1[0-2]))?$"
Day = Annotated[list[float], Field(min_length=24, max_length=24)]


class Strict(BaseModel):
    """A part of a country file: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid")


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
    capacity_mw: float = Field(ge=0)
    availability: Twelve
    fuel: str = ""
    cost_factor: float = Field(default=1.0, gt=0)
    must_run_share: Share = 0.0
    take_or_pay_share: Share = 0.0
    variable_om_local_per_kwh: float = Field(default=0.0, ge=0)
    emission_t_per_mwh: float = Field(default=0.0, ge=0)
    capacity_payment_local_bn_per_year: float = Field(default=0.0, ge=0)
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
    tariff_ratio: float = Field(gt=0)
    short_elasticity: float = Field(ge=0)
    long_elasticity: float = Field(ge=0)
    solar_potential_gw: float = Field(ge=0)
    solar_installed_gw: float = Field(default=0.0, ge=0)
    zone_shares: list[float]
    source: str
    status: str
    note: str = ""


class LoadShape(Strict):
    """Typical days and monthly mean load of the country without special load."""

    winter: Day
    summer: Day
    shoulder: Day
    mean_load_mw: Twelve
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
    workforce: float = Field(gt=0)
    unemployed: float = Field(ge=0)
    entrants_per_month: float = Field(ge=0)
    wage_local_per_month: float = Field(gt=0)
    foreign_wage_ratio: float = Field(default=3.0, gt=0)
    emigration_per_year: float = Field(ge=0, le=1)
    source: str
    status: str
    note: str = ""


class Country(Strict):
    """A country file."""

    name: str
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
    def zones_exist(self) -> Country:
        for place, items in (("plant", self.plant), ("distributor", self.distributor)):
            for item in items:
                if item.zone not in self.zones:
                    raise ValueError(
                        f"{place} {item.name}: zone '{item.zone}' is not one of {', '.join(self.zones)}"
                    )
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
    try:
        country = Country.model_validate(read_toml(text, where))
    except ValidationError as error:
        raise explain(error, where) from None
    for key, quantity in country.values.items():
        checked_value(key, quantity.value, f"{where}, values")
    if abs(sum(item.sales_share for item in country.consumer_class) - 1.0) > 1e-6:
        raise ScenarioError(f"{where}: sales_share of the classes must add to 1")
    return country
