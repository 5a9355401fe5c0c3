"""Policies and rewards for stated preferences, each with the theorem and the evidence behind it.

``solve`` reads what prefcore proves of the relation and chooses the method; ``policy_search`` is backward induction by
comparisons; ``check_optimality`` judges any policy. From a violated axiom to a decision problem: ``regret_process``
(consistency), ``money_pump`` (transitivity), ``unpriced`` (interpolation), and ``explain``, which tells them in a
report. Rewards, from :mod:`solvers.rewards`, are loaded when they are first used: ``recover_utility`` and what it
implies, ``represent``, ``elicit``, ``recover_reward`` and the tasks of tabular models, ``bradley_terry``, ``diagnose``.
So are preference games, from :mod:`solvers.games`: ``PreferenceGame``, ``von_neumann_winner`` and its exact and
regularised kin, and ``exploitability``, the judge.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from prefcore.comparisons import Comparisons
from solvers.optimality import Violation, check_optimality, violations
from solvers.price import Stretch, Unpriced, unpriced
from solvers.pump import MoneyPump, Trade, money_pump
from solvers.regret import Compared, Regret, regret_process
from solvers.solution import Search, Solution, policy_search, solve
from solvers.stories import explain

if TYPE_CHECKING:
    from solvers import games
    from solvers.games.exact.rational import exact_von_neumann_winner
    from solvers.games.game import PreferenceGame, exploitability
    from solvers.games.second_order.newton import regularised_equilibrium
    from solvers.games.second_order.winner import von_neumann_winner
    from solvers.rewards.conflicts import Dropped, comparisons_to_drop
    from solvers.rewards.data_sets.doctor import diagnose
    from solvers.rewards.data_sets.report import DataSetReport
    from solvers.rewards.data_sets.tally import Judgement, MalformedRecord
    from solvers.rewards.direct import dpo, ipo
    from solvers.rewards.elicitation.gambles import Contradiction, Elicitation, elicit
    from solvers.rewards.linear import NotSolved, solve_system
    from solvers.rewards.markov.markov_models import MarkovModel, deterministic_policies, occupancy, start_value
    from solvers.rewards.markov.shapes import RewardAnswer, RewardTooLarge, recover_reward
    from solvers.rewards.markov.tasks import TaskAnswer, acceptable_policies, policy_order, trajectory_order
    from solvers.rewards.pairwise.features import FeatureDiagnosis, LinearReward, bradley_terry_loss, linear_reward
    from solvers.rewards.pairwise.objections import Diagnosis, GoodnessOfFit
    from solvers.rewards.pairwise.stochastic_orders import StochasticOrder, stochastic_transitivity
    from solvers.rewards.pairwise.strengths import BradleyTerry, bradley_terry
    from solvers.rewards.pairwise.win_counts import comparison_counts
    from solvers.rewards.representation import Representation, represent
    from solvers.rewards.utilities import (
        Bounds,
        Implication,
        NoUtility,
        Recovery,
        difference_bounds,
        implication,
        implied,
        is_unique,
        recover_utility,
    )

_LAZY = {
    "games.exact.rational": ("exact_von_neumann_winner",),
    "games.game": ("PreferenceGame", "exploitability"),
    "games.second_order.newton": ("regularised_equilibrium",),
    "games.second_order.winner": ("von_neumann_winner",),
    "rewards.conflicts": ("Dropped", "comparisons_to_drop"),
    "rewards.data_sets.doctor": ("diagnose",),
    "rewards.data_sets.report": ("DataSetReport",),
    "rewards.data_sets.tally": ("Judgement", "MalformedRecord"),
    "rewards.direct": ("dpo", "ipo"),
    "rewards.elicitation.gambles": ("Contradiction", "Elicitation", "elicit"),
    "rewards.linear": ("NotSolved", "solve_system"),
    "rewards.markov.markov_models": ("MarkovModel", "deterministic_policies", "occupancy", "start_value"),
    "rewards.markov.shapes": ("RewardAnswer", "RewardTooLarge", "recover_reward"),
    "rewards.markov.tasks": ("TaskAnswer", "acceptable_policies", "policy_order", "trajectory_order"),
    "rewards.pairwise.features": ("FeatureDiagnosis", "LinearReward", "bradley_terry_loss", "linear_reward"),
    "rewards.pairwise.objections": ("Diagnosis", "GoodnessOfFit"),
    "rewards.pairwise.stochastic_orders": ("StochasticOrder", "stochastic_transitivity"),
    "rewards.pairwise.strengths": ("BradleyTerry", "bradley_terry"),
    "rewards.pairwise.win_counts": ("comparison_counts",),
    "rewards.representation": ("Representation", "represent"),
    "rewards.utilities": (
        *("Bounds", "Implication", "NoUtility", "Recovery"),
        *("difference_bounds", "implication", "implied", "is_unique", "recover_utility"),
    ),
}
_MODULE_OF = {name: module for module, names in _LAZY.items() for name in names}

__all__ = [
    "Bounds",
    "BradleyTerry",
    "Compared",
    "Comparisons",
    "Contradiction",
    "DataSetReport",
    "Diagnosis",
    "Dropped",
    "Elicitation",
    "FeatureDiagnosis",
    "GoodnessOfFit",
    "Implication",
    "Judgement",
    "LinearReward",
    "MalformedRecord",
    "MarkovModel",
    "MoneyPump",
    "NoUtility",
    "NotSolved",
    "PreferenceGame",
    "Recovery",
    "Regret",
    "Representation",
    "RewardAnswer",
    "RewardTooLarge",
    "Search",
    "Solution",
    "StochasticOrder",
    "Stretch",
    "TaskAnswer",
    "Trade",
    "Unpriced",
    "Violation",
    "acceptable_policies",
    "bradley_terry",
    "bradley_terry_loss",
    "check_optimality",
    "comparison_counts",
    "comparisons_to_drop",
    "deterministic_policies",
    "diagnose",
    "difference_bounds",
    "dpo",
    "elicit",
    "exact_von_neumann_winner",
    "explain",
    "exploitability",
    "games",
    "implication",
    "implied",
    "ipo",
    "is_unique",
    "linear_reward",
    "money_pump",
    "occupancy",
    "policy_order",
    "policy_search",
    "recover_reward",
    "recover_utility",
    "regret_process",
    "regularised_equilibrium",
    "represent",
    "solve",
    "solve_system",
    "start_value",
    "stochastic_transitivity",
    "trajectory_order",
    "unpriced",
    "violations",
    "von_neumann_winner",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name == "games":
        return import_module("solvers.games")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'solvers' has no attribute {name!r}")
    return getattr(import_module(f"solvers.{_MODULE_OF[name]}"), name)
