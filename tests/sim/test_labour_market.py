"""The labour market counts vacancies and jobs of firms in business, and publishes how many it filled."""

from __future__ import annotations

from agents.ai_firm import AiFirm
from agents.base import new_records
from agents.miner import Miner
from agents.worker import SkillPool
from agents.world import World
from sim.labour_market import count_jobs, count_vacancies, publish_hiring


def test_vacancies_and_releases_are_counted_by_skill():
    miners, firms, skills = new_records(Miner, 2), new_records(AiFirm, 1), new_records(SkillPool, 6)
    miners["active"], firms["active"] = 1, 1
    miners["staff_target"][:, 2], miners["staff"][:, 2] = [5.0, 1.0], [2.0, 4.0]
    firms["builders_target"][0, 2], firms["staff"][0, 3] = 7.0, 1.5
    count_vacancies(miners, firms, skills)
    assert skills["vacancies"].tolist() == [0.0, 0.0, 10.0, 0.0, 0.0, 0.0]
    assert skills["released"].tolist() == [0.0, 0.0, 3.0, 1.5, 0.0, 0.0]


def test_the_share_of_vacancies_filled_and_the_wage_are_published():
    world, skills = new_records(World, 1), new_records(SkillPool, 6)
    skills["vacancies"], skills["matches"], skills["wage_usd"] = [0, 4, 4, 4, 4, 4], [0, 1, 2, 3, 4, 0], 100.0
    publish_hiring(world, skills)
    assert world["hire_share"][0].tolist() == [1.0, 0.25, 0.5, 0.75, 1.0, 0.0]
    assert world["wage_usd_per_month"][0].tolist() == [100.0] * 6


def test_jobs_are_people_at_work():
    miners, firms = new_records(Miner, 2), new_records(AiFirm, 1)
    miners["active"], firms["active"] = 1, 1
    miners["staff"], miners["builders"], firms["staff"], firms["builders"] = 1.0, 0.5, 2.0, 0.25
    assert count_jobs(miners, firms).tolist() == [[2 * 0.5 + 0.25] * 6, [2.0] * 6, [2.0] * 6]
