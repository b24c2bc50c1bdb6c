"""A study can name files in its own folder and below it, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.design import load_study
from experiments.errors import StudyError

STUDY = """
name = "mine"
countries = ["pakistan"]
regimes = ["ban", {regime}]
baseline = "ban"
months = 2
outputs = ["mining_mw"]
[sizes.quick]
seeds = 1
"""


def study_with(folder: Path, regime: str) -> Path:
    path = folder / "study.toml"
    path.write_text(STUDY.format(regime=regime), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["mine.toml", "below/mine.toml", "./below/../mine.toml"])
def test_files_beside_the_study_and_below_are_taken(tmp_path: Path, name: str):
    study = load_study(study_with(tmp_path, f'"{name}"'))
    assert study.regimes[1] == str((tmp_path / name).resolve())


@pytest.mark.parametrize("name", ["../a.toml", "/etc/a.toml", "below/../../a.toml", "link/a.toml"])
def test_no_path_leaves_the_folder_of_the_study(tmp_path: Path, name: str):
    folder = tmp_path / "studies"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    with pytest.raises(StudyError, match="lies outside the study's folder"):
        load_study(study_with(folder, f'"{name}"'))


def test_what_is_no_path_is_one_line(tmp_path: Path):
    with pytest.raises(StudyError, match=r"^[^\n]*is no path$"):
        load_study(study_with(tmp_path, '"a\\u0000b.toml"'))
