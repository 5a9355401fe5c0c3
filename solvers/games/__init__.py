"""Preference games: their equilibria to a certified gap, or exactly.

A game (``PreferenceGame``) knows no algorithm; THE JUDGE of any policy is ``exploitability``. One file, one algorithm.
Functions are loaded when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from solvers.games.building.builders import (
        game_from_counts,
        game_from_function,
        game_from_scores,
        game_from_voters,
        low_rank_game,
    )
    from solvers.games.building.generators import (
        cyclic_game,
        random_condorcet_game,
        random_low_rank_game,
        random_tournament,
        random_uniform_game,
        random_voter_game,
    )
    from solvers.games.building.processes import game_from_phi, game_from_process
    from solvers.games.building.strategies import preference_games
    from solvers.games.contests.contest_dynamics import (
        ContestSeen,
        contest_double_oracle,
        contest_fictitious_play,
        contest_hedge,
        hedge_step,
    )
    from solvers.games.contests.decision_contest import (
        ContestSolution,
        DecisionContest,
        contest_gap,
        contest_occupancy,
        contest_of,
    )
    from solvers.games.contests.exact_contest import ExactContest, exact_contest
    from solvers.games.contests.history_gain import HistoryGain, history_dependent_gain
    from solvers.games.contests.solve_contest import solve_contest
    from solvers.games.equilibrium import Equilibrium
    from solvers.games.exact.equilibrium_set import equilibrium_vertices
    from solvers.games.exact.maximum_entropy import LeastDivergence, least_divergence, maximum_entropy_winner
    from solvers.games.exact.rational import ExactWinner, exact_von_neumann_winner
    from solvers.games.first_order.extragradient import extragradient
    from solvers.games.first_order.fictitious_play import fictitious_play
    from solvers.games.first_order.loop import Seen
    from solvers.games.first_order.magnetic_mirror_descent import magnetic_mirror_descent
    from solvers.games.first_order.mirror_descent import mirror_descent
    from solvers.games.first_order.moving_magnet import moving_magnet
    from solvers.games.first_order.multiplicative_weights import multiplicative_weights
    from solvers.games.first_order.nash_md import nash_md
    from solvers.games.first_order.optimistic_multiplicative_weights import optimistic_multiplicative_weights
    from solvers.games.first_order.policy_mixtures import (
        PolicyMixture,
        arithmetic_mixture,
        geometric_mixture,
        past_policy_mixture,
        policy_mixture,
    )
    from solvers.games.first_order.primal_dual import restarted_primal_dual
    from solvers.games.first_order.proximal_point import proximal_point
    from solvers.games.first_order.regret_matching import (
        increasing_predictive_regret_matching_plus,
        predictive_regret_matching_plus,
        regret_matching_plus,
    )
    from solvers.games.game import (
        PreferenceGame,
        exact_exploitability,
        exploitability,
        skew_game,
        symmetrised,
    )
    from solvers.games.payoffs import GameTooLarge
    from solvers.games.pictures.convergence_picture import draw_convergence
    from solvers.games.pictures.game_picture import draw_game
    from solvers.games.saddle.certificates import GapCertificate, duality_gap
    from solvers.games.saddle.constrained_winner import (
        ExactConstrained,
        constrained_gap,
        constrained_winner,
        exact_constrained_winner,
    )
    from solvers.games.saddle.mirror_prox import SaddleSeen, mirror_prox, optimistic_gradient
    from solvers.games.saddle.polytope import Polytope
    from solvers.games.saddle.saddle_point import SaddlePoint
    from solvers.games.saddle.saddle_problem import (
        NotConvexConcave,
        Penalty,
        SaddleProblem,
        bilinear_problem,
        check_convex_concave,
        check_gradients,
        log_utility_problem,
        mean_variance_problem,
        regularised_problem,
    )
    from solvers.games.second_order.complementary_pivoting import complementary_pivoting
    from solvers.games.second_order.double_oracle import double_oracle
    from solvers.games.second_order.interior_point import interior_point
    from solvers.games.second_order.linear_program import linear_program
    from solvers.games.second_order.newton import regularised_equilibrium
    from solvers.games.second_order.winner import von_neumann_winner
    from solvers.games.social_choice.majorities import condorcet_winner, copeland_scores, smith_set
    from solvers.games.social_choice.profiles import MaximalLottery, game_from_profile, maximal_lottery
    from solvers.games.social_choice.winner_intervals import WinnerInterval, winner_interval
    from solvers.games.trees.builders import (
        complete_strings,
        process_game,
        string_sequences,
        token_game,
    )
    from solvers.games.trees.equilibrium import TreeEquilibrium, TreeSeen
    from solvers.games.trees.judge import (
        BestResponse,
        best_response,
        exact_best_response,
        exact_tree_exploitability,
        exact_tree_value,
        tree_exploitability,
    )
    from solvers.games.trees.mirror_descent import dilated_mirror_descent
    from solvers.games.trees.openspiel import from_openspiel
    from solvers.games.trees.recursion import soft_recursion
    from solvers.games.trees.regret_matching import counterfactual_regret_plus
    from solvers.games.trees.sequence_program import sequence_form_program
    from solvers.games.trees.tree_game import TreeGame
    from solvers.games.trees.treeplex import (
        Treeplex,
        behaviour_of,
        plan_of,
        policy_at,
        read_policy,
        treeplex_of,
    )

_LAZY = {
    "building.builders": (
        "game_from_counts",
        "game_from_function",
        "game_from_scores",
        "game_from_voters",
        "low_rank_game",
    ),
    "building.generators": (
        "cyclic_game",
        "random_condorcet_game",
        "random_low_rank_game",
        "random_tournament",
        "random_uniform_game",
        "random_voter_game",
    ),
    "building.processes": (
        "game_from_phi",
        "game_from_process",
    ),
    "building.strategies": ("preference_games",),
    "contests.contest_dynamics": (
        "ContestSeen",
        "contest_double_oracle",
        "contest_fictitious_play",
        "contest_hedge",
        "hedge_step",
    ),
    "contests.decision_contest": (
        "ContestSolution",
        "DecisionContest",
        "contest_gap",
        "contest_occupancy",
        "contest_of",
    ),
    "contests.exact_contest": (
        "ExactContest",
        "exact_contest",
    ),
    "contests.history_gain": (
        "HistoryGain",
        "history_dependent_gain",
    ),
    "contests.solve_contest": ("solve_contest",),
    "equilibrium": ("Equilibrium",),
    "exact.equilibrium_set": ("equilibrium_vertices",),
    "exact.maximum_entropy": (
        "LeastDivergence",
        "least_divergence",
        "maximum_entropy_winner",
    ),
    "exact.rational": (
        "ExactWinner",
        "exact_von_neumann_winner",
    ),
    "first_order.extragradient": ("extragradient",),
    "first_order.fictitious_play": ("fictitious_play",),
    "first_order.loop": ("Seen",),
    "first_order.magnetic_mirror_descent": ("magnetic_mirror_descent",),
    "first_order.mirror_descent": ("mirror_descent",),
    "first_order.moving_magnet": ("moving_magnet",),
    "first_order.multiplicative_weights": ("multiplicative_weights",),
    "first_order.nash_md": ("nash_md",),
    "first_order.optimistic_multiplicative_weights": ("optimistic_multiplicative_weights",),
    "first_order.policy_mixtures": (
        "PolicyMixture",
        "arithmetic_mixture",
        "geometric_mixture",
        "past_policy_mixture",
        "policy_mixture",
    ),
    "first_order.primal_dual": ("restarted_primal_dual",),
    "first_order.proximal_point": ("proximal_point",),
    "first_order.regret_matching": (
        "increasing_predictive_regret_matching_plus",
        "predictive_regret_matching_plus",
        "regret_matching_plus",
    ),
    "game": ("PreferenceGame", "exact_exploitability", "exploitability", "skew_game", "symmetrised"),
    "payoffs": ("GameTooLarge",),
    "pictures.convergence_picture": ("draw_convergence",),
    "pictures.game_picture": ("draw_game",),
    "saddle.certificates": (
        "GapCertificate",
        "duality_gap",
    ),
    "saddle.constrained_winner": (
        "ExactConstrained",
        "constrained_gap",
        "constrained_winner",
        "exact_constrained_winner",
    ),
    "saddle.mirror_prox": (
        "SaddleSeen",
        "mirror_prox",
        "optimistic_gradient",
    ),
    "saddle.polytope": ("Polytope",),
    "saddle.saddle_point": ("SaddlePoint",),
    "saddle.saddle_problem": (
        "NotConvexConcave",
        "Penalty",
        "SaddleProblem",
        "bilinear_problem",
        "check_convex_concave",
        "check_gradients",
        "log_utility_problem",
        "mean_variance_problem",
        "regularised_problem",
    ),
    "second_order.complementary_pivoting": ("complementary_pivoting",),
    "second_order.double_oracle": ("double_oracle",),
    "second_order.interior_point": ("interior_point",),
    "second_order.linear_program": ("linear_program",),
    "second_order.newton": ("regularised_equilibrium",),
    "second_order.winner": ("von_neumann_winner",),
    "social_choice.majorities": (
        "condorcet_winner",
        "copeland_scores",
        "smith_set",
    ),
    "social_choice.profiles": (
        "MaximalLottery",
        "game_from_profile",
        "maximal_lottery",
    ),
    "social_choice.winner_intervals": (
        "WinnerInterval",
        "winner_interval",
    ),
    "trees.builders": (
        "complete_strings",
        "process_game",
        "string_sequences",
        "token_game",
    ),
    "trees.equilibrium": (
        "TreeEquilibrium",
        "TreeSeen",
    ),
    "trees.judge": (
        "BestResponse",
        "best_response",
        "exact_best_response",
        "exact_tree_exploitability",
        "exact_tree_value",
        "tree_exploitability",
    ),
    "trees.mirror_descent": ("dilated_mirror_descent",),
    "trees.openspiel": ("from_openspiel",),
    "trees.recursion": ("soft_recursion",),
    "trees.regret_matching": ("counterfactual_regret_plus",),
    "trees.sequence_program": ("sequence_form_program",),
    "trees.tree_game": ("TreeGame",),
    "trees.treeplex": ("Treeplex", "behaviour_of", "plan_of", "policy_at", "read_policy", "treeplex_of"),
}
_MODULE_OF = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "BestResponse",
    "ContestSeen",
    "ContestSolution",
    "DecisionContest",
    "Equilibrium",
    "ExactConstrained",
    "ExactContest",
    "ExactWinner",
    "GameTooLarge",
    "GapCertificate",
    "HistoryGain",
    "LeastDivergence",
    "MaximalLottery",
    "NotConvexConcave",
    "Penalty",
    "PolicyMixture",
    "Polytope",
    "PreferenceGame",
    "SaddlePoint",
    "SaddleProblem",
    "SaddleSeen",
    "Seen",
    "TreeEquilibrium",
    "TreeGame",
    "TreeSeen",
    "Treeplex",
    "WinnerInterval",
    "arithmetic_mixture",
    "behaviour_of",
    "best_response",
    "bilinear_problem",
    "check_convex_concave",
    "check_gradients",
    "complementary_pivoting",
    "complete_strings",
    "condorcet_winner",
    "constrained_gap",
    "constrained_winner",
    "contest_double_oracle",
    "contest_fictitious_play",
    "contest_gap",
    "contest_hedge",
    "contest_occupancy",
    "contest_of",
    "copeland_scores",
    "counterfactual_regret_plus",
    "cyclic_game",
    "dilated_mirror_descent",
    "double_oracle",
    "draw_convergence",
    "draw_game",
    "duality_gap",
    "equilibrium_vertices",
    "exact_best_response",
    "exact_constrained_winner",
    "exact_contest",
    "exact_exploitability",
    "exact_tree_exploitability",
    "exact_tree_value",
    "exact_von_neumann_winner",
    "exploitability",
    "extragradient",
    "fictitious_play",
    "from_openspiel",
    "game_from_counts",
    "game_from_function",
    "game_from_phi",
    "game_from_process",
    "game_from_profile",
    "game_from_scores",
    "game_from_voters",
    "geometric_mixture",
    "hedge_step",
    "history_dependent_gain",
    "increasing_predictive_regret_matching_plus",
    "interior_point",
    "least_divergence",
    "linear_program",
    "log_utility_problem",
    "low_rank_game",
    "magnetic_mirror_descent",
    "maximal_lottery",
    "maximum_entropy_winner",
    "mean_variance_problem",
    "mirror_descent",
    "mirror_prox",
    "moving_magnet",
    "multiplicative_weights",
    "nash_md",
    "optimistic_gradient",
    "optimistic_multiplicative_weights",
    "past_policy_mixture",
    "plan_of",
    "policy_at",
    "policy_mixture",
    "predictive_regret_matching_plus",
    "preference_games",
    "process_game",
    "proximal_point",
    "random_condorcet_game",
    "random_low_rank_game",
    "random_tournament",
    "random_uniform_game",
    "random_voter_game",
    "read_policy",
    "regret_matching_plus",
    "regularised_equilibrium",
    "regularised_problem",
    "restarted_primal_dual",
    "sequence_form_program",
    "skew_game",
    "smith_set",
    "soft_recursion",
    "solve_contest",
    "string_sequences",
    "symmetrised",
    "token_game",
    "tree_exploitability",
    "treeplex_of",
    "von_neumann_winner",
    "winner_interval",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'solvers.games' has no attribute {name!r}")
    return getattr(import_module(f"solvers.games.{_MODULE_OF[name]}"), name)
