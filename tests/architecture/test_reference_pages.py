"""The generated pages in docs/ say what the code says now, and every page is listed and linked rightly."""

from __future__ import annotations

import re

import pytest

from experiments.reference import inference_section, outputs_page, parameters_page
from sim import outputs, parameters
from tests.architecture.tree import ROOT

DOCS = ROOT / "docs"
HINT = "make docs"


def test_the_page_of_parameters_is_up_to_date():
    assert (DOCS / "parameters.md").read_text(encoding="utf-8") == parameters_page(parameters()), HINT


def test_the_page_of_outputs_is_up_to_date():
    assert (DOCS / "outputs.md").read_text(encoding="utf-8") == outputs_page(outputs()), HINT


def test_the_page_of_validation_has_every_target_with_its_range():
    from experiments.units import number
    from experiments.validate import MEASURES, load_targets

    page = (DOCS / "validation.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([^`]+)` \|(.*)$", page, re.MULTILINE))
    targets = [target for part in MEASURES for target in load_targets(part)]
    assert set(rows) == {target.id for target in targets}, HINT
    for target in targets:
        assert f"| {number(target.low)} to {number(target.high)} |" in rows[target.id], HINT


def test_the_page_of_validation_has_the_stored_inference_of_the_worlds_miners():
    page = (DOCS / "validation.md").read_text(encoding="utf-8")
    assert "\n".join(inference_section()) in page, HINT


@pytest.mark.long
def test_the_verdicts_of_the_page_of_validation_are_those_of_today():
    from experiments.validate import validate

    page = (DOCS / "validation.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| `([^`]+)` \|.*\| (met|\*\*missed\*\*) \|$", page, re.MULTILINE))
    assert shown == {c.target.id: "met" if c.passed else "**missed**" for c in validate()}, HINT


def test_every_page_is_listed_and_every_link_leads_somewhere():
    listed = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in DOCS.glob("*.md")} - {"README.md"}
    assert {name for name in pages if f"]({name})" not in listed} == set()
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"
