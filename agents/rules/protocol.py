"""Bitcoin protocol arithmetic: subsidy, difficulty, block rate, and hash rate against power (Eq. B1, B2).

The retarget here times 2016 block intervals. The reference client times 2015 of the 2016, which lengthens the
mean interval to 600.298 s; this quirk is worth 0.05 % and is not part of the monthly model.
"""

import math

from numba.extending import register_jitable

SATOSHI_PER_BTC = 100_000_000
INITIAL_SUBSIDY_SATOSHI = 50 * SATOSHI_PER_BTC
BLOCKS_PER_HALVING = 210_000
LAST_SHIFT = 63  # the reference client returns zero from the 64th halving on, where a shift would overflow
BLOCKS_PER_EPOCH = 2016
TARGET_BLOCK_SECONDS = 600.0
TARGET_EPOCH_SECONDS = BLOCKS_PER_EPOCH * TARGET_BLOCK_SECONDS
MAX_RETARGET_FACTOR = 4.0
HASHES_PER_DIFFICULTY = 4294967296.0  # 2^32 trials per unit of difficulty
SECONDS_PER_DAY = 86_400.0
SECONDS_PER_MONTH = 30.4375 * SECONDS_PER_DAY  # mean month: 365.25 / 12 days
HOURS_PER_DAY = 24.0
HASHES_PER_TH = 1e12
HASHES_PER_EH = 1e18
PH_PER_EH = 1000.0
BRANCH_POINT = -1.0 / math.e  # left end of the principal branch of the Lambert function
NEAR_BRANCH = -0.25  # below it the series at the branch point starts closer than a logarithm
HALLEY_STEPS = 40
HALLEY_TOLERANCE = 1e-15


@register_jitable
def subsidy_satoshi(height: int) -> int:
    """Block subsidy at a height, in satoshi. Eq. B1. Height is a block number; a negative height gives 0.

    Source: Bitcoin protocol, `50e8 >> (height // 210000)`.
    """
    halvings = height // BLOCKS_PER_HALVING
    if halvings < 0 or halvings > LAST_SHIFT:
        return 0
    return INITIAL_SUBSIDY_SATOSHI >> halvings


@register_jitable
def subsidy_btc(height: int) -> float:
    """Block subsidy at a height, in BTC. Eq. B1. Height is a block number. Source: Bitcoin protocol."""
    return subsidy_satoshi(height) / SATOSHI_PER_BTC


@register_jitable
def cost_of_production_usd(
    power_price_usd_per_kwh: float, kw_per_ths: float, btc_per_block: float, difficulty: float
) -> float:
    """Power cost of one mined coin, in USD. Eq. B1.

    Power price in USD/kWh, machine power in kW per TH/s, reward in BTC per block, difficulty a pure number. A
    reward or difficulty that is not positive gives nan. Source: Hayes cost of production as documented in the
    R package `bitcoinFinance`.
    """
    if btc_per_block <= 0.0 or difficulty <= 0.0:
        return math.nan
    ths_days_per_btc = HASHES_PER_DIFFICULTY * difficulty / (SECONDS_PER_DAY * HASHES_PER_TH * btc_per_block)
    return HOURS_PER_DAY * power_price_usd_per_kwh * kw_per_ths * ths_days_per_btc


@register_jitable
def breakeven_usd_per_kwh(hashprice_usd_per_ph_day: float, efficiency_j_per_th: float, pue: float) -> float:
    """Power price at which a rig just pays for its energy, in USD/kWh. Eq. B1.

    Hashprice in USD per PH/s and day, efficiency in J/TH (a PH/s draws that many kW), PUE a factor >= 1.
    Efficiency or PUE that is not positive gives nan. Source: unit arithmetic.
    """
    if efficiency_j_per_th <= 0.0 or pue <= 0.0:
        return math.nan
    return hashprice_usd_per_ph_day / (HOURS_PER_DAY * efficiency_j_per_th * pue)


@register_jitable
def hash_ehs_from_power(power_mw: float, efficiency_j_per_th: float, pue: float) -> float:
    """Hash rate that a power draw carries, in EH/s. Eq. B1.

    Power at the meter in MW, efficiency in J/TH, PUE a factor >= 1; nan if either is not positive. Source:
    unit arithmetic (1 EH/s at 1 J/TH is 1 MW).
    """
    if efficiency_j_per_th <= 0.0 or pue <= 0.0:
        return math.nan
    return power_mw / (efficiency_j_per_th * pue)


@register_jitable
def power_mw_from_hash(hash_ehs: float, efficiency_j_per_th: float, pue: float) -> float:
    """Power at the meter that a hash rate needs, in MW. Eq. B1, the inverse of `hash_ehs_from_power`.

    Hash rate in EH/s, efficiency in J/TH, PUE a factor >= 1. Source: unit arithmetic.
    """
    return hash_ehs * efficiency_j_per_th * pue


@register_jitable
def hash_ehs_from_difficulty(difficulty: float, blocks_per_day: float) -> float:
    """Network hash rate implied by a difficulty and an observed block rate, in EH/s. Eq. B1.

    Difficulty a pure number, block rate in blocks a day (144 at target). Source: Bitcoin protocol, 2^32
    expected trials per unit of difficulty and block.
    """
    return difficulty * HASHES_PER_DIFFICULTY * blocks_per_day / SECONDS_PER_DAY / HASHES_PER_EH


@register_jitable
def hashprice_usd_per_ph_day(reward_btc_per_day: float, price_usd: float, hash_ehs: float) -> float:
    """Daily revenue of one PH/s, in USD. Eq. B1.

    Reward of the whole network in BTC a day (subsidy and fees), price in USD per BTC, network hash rate in
    EH/s; nan if the hash rate is not positive. Source: unit arithmetic.
    """
    if hash_ehs <= 0.0:
        return math.nan
    return reward_btc_per_day * price_usd / (hash_ehs * PH_PER_EH)


@register_jitable
def retarget_ratio(epoch_length_seconds: float) -> float:
    """Ratio of the next difficulty to the present one. Eq. B2.

    Length of the finished epoch in seconds. Clipped to [1/4, 4]. Source: Bitcoin Core.
    """
    if epoch_length_seconds * MAX_RETARGET_FACTOR <= TARGET_EPOCH_SECONDS:
        return MAX_RETARGET_FACTOR
    return max(1.0 / MAX_RETARGET_FACTOR, TARGET_EPOCH_SECONDS / epoch_length_seconds)


@register_jitable
def lambert_w(x: float) -> float:
    """Principal branch of the Lambert function: the w >= -1 with w e^w = x. Used by Eq. B2.

    Argument a pure number; nan below -1/e. Source: Halley iteration, Corless et al. 1996 (verify before
    citing).
    """
    if math.isnan(x) or x < BRANCH_POINT:
        return math.nan
    if x == 0.0 or x == math.inf:
        return x
    root = math.sqrt(max(0.0, 2.0 * (math.e * x + 1.0)))
    if root == 0.0:
        return -1.0
    if x < NEAR_BRANCH:
        w = -1.0 + root - root * root / 3.0  # series at the branch point
    elif x < math.e:
        w = math.log1p(x)
    else:
        w = math.log(x) - math.log(math.log(x))
    for _ in range(HALLEY_STEPS):
        if w == -1.0:
            return w
        residual = w - x * math.exp(-w)  # divided by e^w, so that large arguments cannot overflow
        step = residual / (w + 1.0 - (w + 2.0) * residual / (2.0 * w + 2.0))
        w -= step
        if abs(step) <= HALLEY_TOLERANCE * abs(w):
            break
    return w


@register_jitable
def epoch_seconds(growth_per_second: float) -> float:
    """Length of a stationary difficulty epoch under steady hash growth, in seconds. Eq. B2.

    Growth is the continuous rate per second; `T = W(g tau)/g`, and tau itself at zero growth. A decline
    faster than 1/(e tau) has no stationary epoch and gives nan. Source: `H(e^{gT}-1)/g = work` with `e^{gT} =
    tau/T`.
    """
    scaled = growth_per_second * TARGET_EPOCH_SECONDS
    if scaled == 0.0:
        return TARGET_EPOCH_SECONDS
    return TARGET_EPOCH_SECONDS * (lambert_w(scaled) / scaled)


@register_jitable
def blocks_per_day(monthly_hash_growth: float, seconds_per_month: float) -> float:
    """Mean block rate of a month in which the hash rate grows steadily, in blocks a day. Eq. B2.

    Growth is a fraction per month (0.05 is +5 %), taken at the continuous rate ln(1+g)/seconds; month length
    in seconds (`SECONDS_PER_MONTH` reproduces the B2 table). nan at growth <= -1. Source: Eq. B2.
    """
    if monthly_hash_growth <= -1.0 or seconds_per_month <= 0.0:
        return math.nan
    growth_per_second = math.log1p(monthly_hash_growth) / seconds_per_month
    return BLOCKS_PER_EPOCH * SECONDS_PER_DAY / epoch_seconds(growth_per_second)
