"""Who learns from whom: peers of the home miners, in communities, by type of network (Eq. M6).

Slots form communities of consecutive numbers, so that the peers of a slot do not depend on how many others
there are. Every slot has the same number of peers; a peer that does not exist is marked -1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from agents.world import U_PEER
from sim.compiled import kernel
from sim.streams import uniforms

IntArray = npt.NDArray[np.int64]
COMMUNITY, PEERS, CORE = 30, 4, 3
RANDOM, SMALL_WORLD, CORE_PERIPHERY = range(3)
NEIGHBOURS = np.array([1, -1, 2, -2])


def build_peers(seed: int, count: int, network: int, rewired_share: float) -> IntArray:
    """Peers of each slot, shape (count, PEERS).

    Random: anybody in the community. Small world: the nearest on a ring, a share rewired at random (Watts &
    Strogatz 1998). Core and periphery: all look at a few hubs, which look at anybody.
    """
    u = uniforms(seed, "miner_peers", np.zeros(count, np.int64), np.arange(count), 2 * PEERS)
    slot = np.arange(count)[:, None]
    first, place = slot - slot % COMMUNITY, slot % COMMUNITY
    # Anybody but oneself
    anybody = (place + 1 + (u[:, :PEERS] * (COMMUNITY - 1)).astype(np.int64)) % COMMUNITY
    if network == SMALL_WORLD:
        ring = (place + NEIGHBOURS) % COMMUNITY
        peer = np.where(u[:, PEERS:] < rewired_share, anybody, ring)
    elif network == CORE_PERIPHERY:
        peer = np.where(place < CORE, anybody, (u[:, :PEERS] * CORE).astype(np.int64))
    else:
        peer = anybody
    peer = first + peer
    return np.where(peer < count, peer, -1)


@kernel
def observe_peers(miners, peers):  # type: ignore[no-untyped-def]
    """Show every firm which share of its illegal peers was caught last month, and how a sampled one does.

    The part of the firm's draw that samples the peer is independent of the rest of it, which decides whether
    the two met (``Miner.plan``).
    """
    for i in range(len(miners)):
        firm = miners[i]
        illegal, caught = 0.0, 0.0
        for k in range(peers.shape[1]):
            j = peers[i, k]
            if j >= 0 and miners[j].active == 1 and miners[j].compliance != 0:
                illegal += 1.0
                caught += miners[j].caught
        firm.peer_caught_share = caught / illegal if illegal > 0.0 else 0.0
        place = firm.draws[U_PEER] * peers.shape[1]
        sampled = peers[i, int(place)]
        firm.peer_draw = place - int(place)
        firm.peer_status = -1
        if sampled >= 0 and miners[sampled].active == 1 and miners[sampled].energised_mw > 0.0:
            firm.peer_status = miners[sampled].compliance
            firm.peer_payoff_usd_per_mw = miners[sampled].payoff_usd_per_mw
