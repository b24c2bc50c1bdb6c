"""Keyed draws: the generator equals its published definition, and luck depends on nothing but its key."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.streams import PURPOSES, STREAM_VERSION, philox, series, uniforms

WORD = st.integers(0, 2**64 - 1)
SEED = st.integers(0, 2**63 - 1)


def numpy_words(counter: int, key: int) -> list[int]:
    """First four words of numpy's Philox, which advances its 256-bit counter once before it starts."""
    before = (counter - 1) % 2**256
    words = [(before >> (64 * i)) & (2**64 - 1) for i in range(4)]
    generator = np.random.Philox(
        counter=np.array(words, np.uint64), key=np.array([key & (2**64 - 1), key >> 64], np.uint64)
    )
    return [int(word) for word in generator.random_raw(4)]


@settings(deadline=None, max_examples=200)
@given(st.tuples(WORD, WORD, WORD, WORD), st.tuples(WORD, WORD))
def test_philox_equals_the_generator_of_numpy(counter, key):
    with np.errstate(over="ignore"):
        ours = philox(*(np.uint64(word) for word in counter), *(np.uint64(word) for word in key))
    theirs = numpy_words(sum(word << (64 * i) for i, word in enumerate(counter)), key[0] | key[1] << 64)
    assert [int(word) for word in ours] == theirs


@settings(deadline=None, max_examples=50)
@given(
    SEED,
    st.sampled_from(sorted(PURPOSES)),
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), min_size=1, max_size=4),
    st.integers(1, 9),
)
def test_uniforms_are_the_words_of_their_key(seed, purpose, pairs, count):
    months, agents = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    drawn = uniforms(seed, purpose, months, agents, count)
    for row, (month, agent) in enumerate(pairs):
        words = []
        for block in range((count + 3) // 4):
            counter = month | agent << 64 | PURPOSES[purpose] << 128 | block << 192
            words += numpy_words(counter, seed | STREAM_VERSION << 64)
        assert drawn[row].tolist() == [((word >> 11) + 0.5) * 2.0**-53 for word in words[:count]]


def test_uniforms_look_uniform_and_unrelated():
    month, agent = np.repeat(np.arange(50), 200), np.tile(np.arange(200), 50)
    u = uniforms(11, "miner_month", month, agent, 8)
    assert ((u > 0.0) & (u < 1.0)).all()
    # 10,000 draws a column: five standard errors of a mean, of a variance and of a correlation
    assert np.abs(u.mean(axis=0) - 0.5).max() < 5 * np.sqrt(1 / 12 / 10_000)
    assert np.abs(u.var(axis=0) - 1 / 12).max() < 5 * np.sqrt(1 / 180 / 10_000)
    assert np.abs(np.corrcoef(u.T) - np.eye(8)).max() < 5 / np.sqrt(10_000)
    assert np.unique(u).size == u.size


def test_no_two_purposes_share_a_key():
    assert len(set(PURPOSES.values())) == len(PURPOSES)


def test_a_purpose_must_be_registered():
    with pytest.raises(KeyError, match="weather"):
        uniforms(1, "weather", np.zeros(1, np.int64), np.zeros(1, np.int64), 1)


@pytest.mark.parametrize(("seed", "purpose"), [(4, "btc_price"), (3, "fees")])
def test_another_seed_or_purpose_gives_other_draws(seed, purpose):
    assert (series(3, "btc_price", 50) != series(seed, purpose, 50)).all()


def test_more_draws_months_or_agents_change_no_draw():
    few = uniforms(5, "ai_month", np.repeat([0, 1], 3), np.tile([0, 1, 2], 2), 3).reshape(2, 3, 3)
    many = uniforms(5, "ai_month", np.repeat([0, 1, 2], 9), np.tile(np.arange(9), 3), 8).reshape(3, 9, 8)
    assert np.array_equal(few, many[:2, :3, :3])
    assert np.array_equal(series(5, "demand", 12), series(5, "demand", 120)[:12])
