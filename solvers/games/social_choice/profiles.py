"""Maximal lotteries: what voters elect when lotteries may be elected.

Voters draw an alternative with each of two lotteries, and vote; a *maximal* lottery loses to none on average [Kreweras
1965; Fishburn 1984]. It is a von Neumann winner of the game of margins, and those of the game of majorities (signs of
margins) are the lotteries behind the bipartisan set [Laffond, Laslier and Le Breton 1993], Fishburn's C1 version.
Profiles are those of ``pref_voting`` or whatever answers like them: nothing of it is imported.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from solvers.arguments import real_array, whole_number
from solvers.games.building.exact_games import margin_game, require_pairs
from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, skew_game
from solvers.games.payoffs import Array
from solvers.games.second_order.winner import Method, von_neumann_winner


@dataclass(frozen=True, slots=True, eq=False)
class MaximalLottery:
    """A maximal lottery of a profile. game: the exact game of its margins. equilibrium: the solver's own record."""

    game: PreferenceGame
    equilibrium: Equilibrium

    @property
    def probabilities(self) -> dict[Any, float]:
        """The probability of each alternative."""
        return {self.game.label(i): p for i, p in enumerate(self.equilibrium.policy.tolist())}

    @property
    def gap(self) -> float:
        """By how much the lottery is beaten by an alternative, at most: twice the share of voters above 1/2."""
        return self.equilibrium.gap

    @property
    def converged(self) -> bool:
        """Whether the gap is within the tolerance; if not, the lottery is no answer."""
        return self.equilibrium.converged


def maximal_lottery(
    profile: Any,
    tolerance: float = 1e-9,
    *,
    majorities: bool = False,
    method: Method = "auto",
) -> MaximalLottery:
    """A maximal lottery of a ``pref_voting`` profile, with or without ties, or of a margin graph.

    majorities: of the signs of the margins, the C1 maximal lottery. It is unique if all margins are odd (so for an odd
    number of voters without ties) [Laffond, Laslier and Le Breton 1997]; else the one of several that
    :func:`solvers.von_neumann_winner` finds by `method`. Raises as :func:`game_from_profile` does.
    """
    game = game_from_profile(profile, majorities=majorities)
    return MaximalLottery(game, von_neumann_winner(game, tolerance, method=method))


def game_from_profile(profile: Any, *, majorities: bool = False) -> PreferenceGame:
    """The game of a profile's margins: ``P[x, y]`` is the share of voters for x against y, abstentions halved.

    profile: has `candidates` and a `margin_matrix` in their order, or ``margin(x, y)``. With whole margins the game is
    exact. With `num_voters`, as profiles have, ``P = 1/2 + margin / (2 voters)``; without, as for a margin graph, the
    payoffs are the margins themselves. majorities: P is 1, 1/2 or 0 by the sign of the margin. Raises ``TypeError``
    for what is no profile, and ``ValueError``, naming the candidates, where margins are not skew-symmetric or a
    candidate is listed twice.
    """
    candidates, margins = _margins(profile)
    off = np.argwhere(margins + margins.T != 0)
    if len(off):
        x, y = (candidates[k] for k in off[0])
        raise ValueError(
            f"profile: the margins of {x!r} against {y!r}, {margins[tuple(off[0])]:g}, and back, "
            f"{margins.T[tuple(off[0])]:g}, do not sum to 0"
        )
    whole = np.rint(margins).astype(np.int64)
    if majorities:
        return margin_game(np.sign(margins).astype(np.int64), 1, candidates)
    if (whole != margins).any():
        return skew_game(margins, candidates)
    voters = getattr(profile, "num_voters", None)
    if voters is None:
        payoffs: Any = whole
        return skew_game(payoffs, candidates)
    count = whole_number(voters, "profile.num_voters", 1)
    if len(margins) and int(np.abs(whole).max()) > count:
        raise ValueError(f"profile: has a margin of {np.abs(whole).max()} with {count} voters")
    return margin_game(whole, count, candidates)


def _margins(profile: Any) -> tuple[tuple[Hashable, ...], Array]:
    found = getattr(profile, "candidates", None)
    matrix, margin = getattr(profile, "margin_matrix", None), getattr(profile, "margin", None)
    if found is None or (matrix is None and not callable(margin)):
        raise TypeError(
            "profile must have candidates and margin_matrix or margin(x, y), as pref_voting's Profile, ProfileWithTies "
            f"and MarginGraph do, got {type(profile).__name__}; game_from_voters takes rankings as lists"
        )
    candidates = tuple(found)
    if not candidates:
        raise ValueError("profile: has no candidates")
    twice = [x for k, x in enumerate(candidates) if x in candidates[:k]]
    if twice:
        raise ValueError(f"profile: lists {twice[0]!r} twice among its candidates; give each a name of its own")
    require_pairs(len(candidates))
    if matrix is None and callable(margin):
        matrix = [[margin(x, y) if x != y else 0 for y in candidates] for x in candidates]
    margins = real_array(matrix, "profile.margin_matrix")
    if margins.shape != (len(candidates),) * 2 or not np.isfinite(margins).all():
        raise ValueError(
            f"profile: its margins have shape {margins.shape} for {len(candidates)} candidates, or are not finite"
        )
    return candidates, margins
