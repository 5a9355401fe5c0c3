"""The game as a linear program, solved by HiGHS: the reference, slower than the interior-point method of this package.

    minimise v  subject to  A p <= v 1,  1·p = 1,  p >= 0

Its value is 0 and its optima are the von Neumann winners. Source: von Neumann; Dantzig 1951; Huangfu and Hall 2018.
"""

from __future__ import annotations

from typing import Literal, get_args

import highspy
import numpy as np
from highspy._core import _Highs  # highspy.Highs is the same, but its constructor prints a banner

from solvers.games.equilibrium import Equilibrium
from solvers.games.game import PreferenceGame, exploitability, positive, require_game
from solvers.games.payoffs import Array, require_memory

Solver = Literal["simplex", "ipm", "pdlp"]

METHOD = "linear program"
LEAST = 1e-10  # the smallest feasibility tolerance that HiGHS takes
MATRICES = 7  # N × N arrays held at once, HiGHS's copies by row and column and indices included


def linear_program(
    game: PreferenceGame, *, tolerance: float = 1e-9, solver: Solver = "simplex", seconds: float = 3600.0
) -> Equilibrium:
    """A von Neumann winner by HiGHS; `.method` is "linear program (simplex)" and the like.

    solver: "simplex" (ends in a vertex), "ipm" (HiGHS's interior point with crossover) or "pdlp" (first order, crude:
    the gap may well stay above the tolerance). HiGHS meets bounds within some 1e-10 only, so what it returns is made a
    policy, negative entries set to 0 and the rest divided by the sum, and that policy is judged; where HiGHS returns no
    point at all, as when time is soon up, it is the uniform one. seconds: after which HiGHS stops. iterations: HiGHS's.
    Raises ``TypeError`` for no game, ``ValueError`` for another solver, tolerance or seconds that are not positive, and
    ``GameTooLarge``.
    """
    require_game(game)
    within = positive(tolerance, "tolerance")
    limit = positive(seconds, "seconds")
    if solver not in get_args(Solver):
        raise ValueError(f"solver must be one of {', '.join(get_args(Solver))}, got {solver!r}")
    require_memory(MATRICES * game.size**2, f"a linear program of {game.size:,} actions")
    largest = float(game.matrix.max()) or 1.0
    close = within / largest / 4  # HiGHS gets payoffs of at most 1
    highs = _Highs()
    for name, value in (
        ("output_flag", False),
        ("solver", solver),
        ("time_limit", limit),
        ("primal_feasibility_tolerance", min(1e-7, max(LEAST, close))),
        ("dual_feasibility_tolerance", min(1e-7, max(LEAST, close))),
        ("ipm_optimality_tolerance", min(1e-8, max(1e-12, close))),
        ("pdlp_optimality_tolerance", min(1e-7, max(1e-12, close))),
    ):
        highs.setOptionValue(name, value)
    highs.passModel(_model(game.matrix / largest))
    highs.run()
    status = highs.modelStatusToString(highs.getModelStatus())
    values = np.array(highs.getSolution().col_value)
    p = np.maximum(values[: game.size], 0.0)
    returned = len(p) == game.size and bool(np.isfinite(p).all()) and p.sum() > 0
    policy = p / p.sum() if returned else np.full(game.size, 1 / game.size)
    info = highs.getInfo()
    gap = exploitability(game, policy)
    counts = (info.simplex_iteration_count, info.ipm_iteration_count, info.pdlp_iteration_count)
    what = "a gap" if returned else "no point; the uniform policy's gap is"
    return Equilibrium(
        policy=policy,
        gap=gap,
        converged=gap <= within,
        iterations=sum(max(0, count) for count in counts),
        method=f"{METHOD} ({solver})",
        tolerance=within,
        history=np.array([gap]),
        reason="" if gap <= within else f"HiGHS ended with the status {status!r} and {what} above {within:g}",
        last=policy,
        last_gap=gap,
    )


def _model(A: Array) -> highspy.HighsLp:
    """Columns p and v; rows ``A p - v <= 0`` and ``1·p = 1``."""
    size = len(A)
    rows = np.zeros((size + 1, size + 1))
    rows[:size, :size] = A
    rows[:size, size] = -1.0
    rows[size, :size] = 1.0
    kept = rows.T != 0  # by column
    lp = highspy.HighsLp()
    lp.num_col_ = lp.num_row_ = size + 1
    lp.col_cost_ = np.append(np.zeros(size), 1.0)
    lp.col_lower_ = np.append(np.zeros(size), -highspy.kHighsInf)
    lp.col_upper_ = np.full(size + 1, highspy.kHighsInf)
    lp.row_lower_ = np.append(np.full(size, -highspy.kHighsInf), 1.0)
    lp.row_upper_ = np.append(np.zeros(size), 1.0)
    matrix = lp.a_matrix_
    matrix.format_ = highspy.MatrixFormat.kColwise
    matrix.num_col_ = matrix.num_row_ = size + 1
    matrix.start_ = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))
    matrix.index_ = np.nonzero(kept)[1]
    matrix.value_ = rows.T[kept]
    return lp
