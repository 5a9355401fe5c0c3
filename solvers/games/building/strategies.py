"""Hypothesis strategies for preference games.

For the tests of solvers: games with ties, certain preferences, duplicate actions and several equilibria are as likely
as generic ones, and shrink to few actions that tie.
"""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from solvers.arguments import whole_number
from solvers.games.building.exact_games import margin_game
from solvers.games.game import PreferenceGame

FEW_LEVELS = (1, 2, 5, 12)  # with 1 every pair ties or is certain


def preference_games(
    min_size: int = 1, max_size: int = 6, *, ties: bool = True, duplicates: bool = True
) -> st.SearchStrategy[PreferenceGame]:
    """Exact games of a few actions, ``P[i, j] = 1/2 + k / (2 m)`` for whole k in [-m, m].

    ties: whether two actions may tie (k = 0). Without ties and with odd m every preference is an odd fraction, so that
    the von Neumann winner is unique [Laffond, Laslier and Le Breton 1997]. duplicates: whether actions may be copies
    of others, which tie with each other (so never without ties). Raises ``ValueError`` for sizes that don't fit.
    """
    low = whole_number(min_size, "min_size", 1)
    high = whole_number(max_size, "max_size", low)

    @st.composite
    def games(draw: st.DrawFn) -> PreferenceGame:
        n = draw(st.integers(low, high))
        m = draw(st.sampled_from(FEW_LEVELS if ties else (1, 3, 9)))
        values = st.integers(-m, m) if ties else st.sampled_from([k for k in range(-m, m + 1) if k % 2])
        upper = draw(st.lists(values, min_size=n * (n - 1) // 2, max_size=n * (n - 1) // 2))
        margins = np.zeros((n, n), dtype=np.int64)
        margins[np.triu_indices(n, 1)] = upper
        margins -= margins.T
        if duplicates and ties and n > 1 and draw(st.booleans()):
            original = draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))
            margins = margins[np.ix_(original, original)]
        return margin_game(margins, m)

    return games()
