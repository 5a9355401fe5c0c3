"""Direct Preference Processes (O, A, T, e, ≼), histories, policies and the distributions they induce.

A history is the plain tuple ``(o_0, a_0, o_1, …, o_t)``; a trajectory is one of full length, ``t = T``. The environment
maps a history and an action to a distribution over the next observation, and may depend on the whole history. A policy
maps a history to an action or to a distribution over actions; ``D^π`` is the trajectory distribution it induces,
``D^π(h)`` the same given h, and ``D^π(h·a)`` the same given h, then a, then π.

:func:`tabulate` lists the attainable histories once, as numbers in a tree: what claims and certificates are about.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log10
from typing import Any

from prefcore.distribution import Distribution
from prefcore.trees import History, HistoryTree, PolicyTable, Tabulation

Policy = Callable[[History], Any]

DEFAULT_LIMIT = 500_000  # trajectories that are enumerated without being asked to


BEYOND = 1e30  # trajectories, more than which need not be told apart


class ProcessTooLarge(ValueError):
    """The process has more trajectories than the limit allows to enumerate."""


def _identity(trajectory: History) -> Hashable:
    return trajectory


@dataclass(frozen=True, eq=False)
class DirectPreferenceProcess:
    """A decision problem whose objective is a relation over outcome distributions [CPP24].

    observations, actions: the finite alphabets, distinct hashable values.
    horizon: the number T >= 1 of actions in a trajectory.
    environment: ``(history, action) -> {next observation: probability}``.
    preference: a relation ``A ≼ B`` over distributions of outcomes.
    initial: the distribution of o_0; without it ``environment((), None)`` gives it.
    outcome: what the relation sees of a trajectory; by default the trajectory itself.
    available: ``history -> actions`` that can be taken there; by default all.

    Raises ``ValueError``/``TypeError`` naming the argument; rows of the environment are checked when they are used,
    and the error names the history.
    """

    observations: tuple[Any, ...]
    actions: tuple[Any, ...]
    horizon: int
    environment: Callable[[History, Any], Mapping[Any, Any]]
    preference: Any
    initial: Mapping[Any, Any] | None = None
    outcome: Callable[[History], Any] = _identity
    available: Callable[[History], Iterable[Any]] | None = None

    def __post_init__(self) -> None:
        for name in ("observations", "actions"):
            labels = getattr(self, name)
            if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
                raise TypeError(f"{name} must be a tuple of labels, got {labels!r}")
            labels = tuple(labels)
            if not labels:
                raise ValueError(f"{name} must not be empty")
            if not all(isinstance(label, Hashable) for label in labels):
                raise TypeError(f"{name} must be hashable, got {labels!r}")
            if len(set(labels)) != len(labels):
                raise ValueError(f"{name} must be distinct, got {labels!r}")
            object.__setattr__(self, name, labels)
        whole_number(self.horizon, "horizon")
        for name in ("environment", "preference", "outcome"):
            if not callable(getattr(self, name)):
                raise TypeError(f"{name} must be callable, got {getattr(self, name)!r}")
        if self.available is not None and not callable(self.available):
            raise TypeError(f"available must be a function of a history, got {self.available!r}")


def whole_number(value: object, name: str) -> None:
    """Raises unless the argument is an int of at least 1."""
    if type(value) is not int:
        raise TypeError(f"{name} must be an int, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def distribution_over(row: Any, known: Sequence[Any], kind: str, where: str) -> Distribution:
    """A row of an environment as a distribution over what is known; errors say `where` it is from."""
    try:
        drawn = row if isinstance(row, Distribution) else Distribution(row)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where} is not a distribution: {error}") from error
    for label in drawn:
        if label not in known:
            raise ValueError(f"{where} gives {label!r}, which is not among the {kind}")
    return drawn


def _row(process: DirectPreferenceProcess, row: object, where: str) -> Distribution:
    return distribution_over(row, process.observations, "observations", where)


def first_observation(process: DirectPreferenceProcess) -> Distribution:
    """The distribution of o_0."""
    if process.initial is not None:
        return _row(process, process.initial, "initial")
    return _row(process, process.environment((), None), "environment((), None), which without initial gives o_0,")


def next_observation(process: DirectPreferenceProcess, history: History, action: Any) -> Distribution:
    """``e(· | history, action)``."""
    row = process.environment(history, action)
    return _row(process, row, f"the environment after history {history!r} and action {action!r}")


def available_actions(process: DirectPreferenceProcess, history: History) -> tuple[Any, ...]:
    """The actions that can be taken at a history, in the order of ``process.actions``."""
    if process.available is None:
        return process.actions
    given = process.available(history)
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"available must return actions at history {history!r}, got {given!r}")
    offered = tuple(given)
    unknown = [a for a in offered if a not in process.actions]
    if unknown or not offered:
        what = f"offers {unknown[0]!r}, which is not among the actions" if unknown else "offers no action"
        raise ValueError(f"available {what} at history {history!r}")
    return tuple(a for a in process.actions if a in offered)


def action_probabilities(process: DirectPreferenceProcess, policy: Policy, history: History) -> Distribution:
    """What the policy does at a history: an action stands for its point mass."""
    if not callable(policy):
        raise TypeError(f"a policy is a function of a history, got {policy!r}")
    choice = policy(history)
    if isinstance(choice, (Mapping, Distribution)):
        try:
            taken = choice if isinstance(choice, Distribution) else Distribution(choice)
        except (TypeError, ValueError) as error:
            raise type(error)(f"the policy at history {history!r} is not a distribution: {error}") from error
    else:
        try:
            taken = Distribution.point(choice)
        except TypeError:
            raise TypeError(
                f"the policy returned {choice!r} at history {history!r}: return an action or a mapping"
            ) from None
    allowed = available_actions(process, history)
    for action in taken:
        if action not in allowed:
            raise ValueError(
                f"the policy takes action {action!r} at history {history!r}, where only {allowed!r} are available"
            )
    return taken


def _attained(process: DirectPreferenceProcess, history: History) -> History:
    """The history, once it is seen that some policy reaches it; else a ``ValueError`` that names where it breaks."""
    if type(history) is not tuple or len(history) % 2 == 0 or len(history) > 2 * process.horizon + 1:
        raise ValueError(
            f"{history!r} is no history: expected a tuple (o_0, a_0, o_1, …) that ends in an observation, with at most "
            f"{process.horizon} actions"
        )
    possible = first_observation(process)
    for t in range(0, len(history), 2):
        if not possible[history[t]]:
            raise ValueError(
                f"history {history!r} is unattainable: {history[t]!r} has probability 0 after {history[:t]!r}"
            )
        if t + 1 < len(history):
            action = _allowed(process, history[: t + 1], history[t + 1])
            possible = next_observation(process, history[: t + 1], action)
    return history


def _allowed(process: DirectPreferenceProcess, history: History, action: Any) -> Any:
    if len(history) > 2 * process.horizon:
        raise ValueError(f"history {history!r} is a full trajectory: no action follows it")
    allowed = available_actions(process, history)
    if action not in allowed:
        raise ValueError(
            f"action {action!r} is not available at history {history!r}: the available actions are {allowed!r}"
        )
    return action


def trajectory_distribution(
    process: DirectPreferenceProcess,
    policy: Policy,
    given: tuple[Any, ...] | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Distribution:
    """``D^π`` exactly, over trajectories; ``D^π(h)`` with ``given=h``, ``D^π(h·a)`` with ``given=(h, a)``.

    A history has odd length, so the two forms of `given` cannot be confused. The policy is called only on histories
    of positive probability. Raises ``ValueError`` for an unattainable history or an unavailable action, and
    ``ProcessTooLarge`` when more than `limit` trajectories would be listed.
    """
    if given is None:
        frontier = dict(first_observation(process).items())
        frontier = {(o,): p for o, p in frontier.items()}
    elif type(given) is tuple and len(given) == 2 and type(given[0]) is tuple:
        history = _attained(process, given[0])
        action = _allowed(process, history, given[1])
        frontier = {(*history, action, o): p for o, p in next_observation(process, history, action).items()}
    else:
        frontier = {_attained(process, given): Fraction(1)}
    depth = len(next(iter(frontier))) // 2
    for _ in range(depth, process.horizon):
        following: dict[History, Fraction] = {}
        for history, reached in frontier.items():
            for action, chosen in action_probabilities(process, policy, history).items():
                for observation, p in next_observation(process, history, action).items():
                    following[(*history, action, observation)] = reached * chosen * p
            if len(following) > limit:
                raise ProcessTooLarge(
                    f"the policy reaches more than {limit} histories of length {depth + 1} of {process.horizon}: "
                    "raise limit= if they fit in memory"
                )
        frontier, depth = following, depth + 1
    return Distribution(frontier)


def tabulate(process: DirectPreferenceProcess, limit: int = DEFAULT_LIMIT) -> Tabulation:
    """Lists every attainable history; raises ``ProcessTooLarge``, with the size, instead of starting a hopeless list.

    The size is bounded by ``|O| (|A||O|)^T``. If that exceeds `limit`, the true size is first estimated from random
    descents (Knuth, *Estimating the efficiency of backtrack programs*, 1975), then counted as the list grows.
    """
    whole_number(limit, "limit")
    digits = _digits(process)
    if digits > log10(limit):
        estimate = _estimated_size(process, limit)
        if estimate > 2 * limit:
            about = f"about {estimate:.1e}" if estimate < BEYOND else f"more than {BEYOND:.0e}"
            raise ProcessTooLarge(
                f"the process has {about} trajectories (at most 10^{digits:.1f}), more than the limit of {limit}: "
                "shorten the horizon or raise limit="
            )
    first = first_observation(process)
    level: list[History] = [(o,) for o in first]
    histories: list[History] = []
    actions: list[tuple[Any, ...]] = []
    branches: list[list[list[tuple[Fraction, int]]]] = []
    for _ in range(process.horizon):
        following: list[History] = []
        after = len(histories) + len(level)
        for history in level:
            allowed = available_actions(process, history)
            rows = []
            for action in allowed:
                row = []
                for observation, p in next_observation(process, history, action).items():
                    row.append((p, after + len(following)))
                    following.append((*history, action, observation))
                rows.append(row)
            if after + len(following) > 2 * limit + 1:
                raise ProcessTooLarge(
                    f"the process has more than {limit} trajectories (at most 10^{digits:.1f}): raise limit="
                )
            histories.append(history)
            actions.append(allowed)
            branches.append(rows)
        level = following
    if len(level) > limit:
        raise ProcessTooLarge(
            f"the process has {len(level)} trajectories, more than the limit of {limit}: raise limit="
        )
    index: dict[Any, int] = {}
    leaves = tuple(index.setdefault(process.outcome(trajectory), len(index)) for trajectory in level)
    tree = HistoryTree(
        tuple((p, i) for i, (_, p) in enumerate(first.items())),
        tuple(tuple(tuple(row) for row in rows) for rows in branches),
        leaves,
    )
    return Tabulation(tree, tuple(histories), tuple(actions), tuple(index))


def _digits(process: DirectPreferenceProcess) -> float:
    """The decimal logarithm of ``|O| (|A||O|)^T``; horizons beyond sense are cut."""
    observations, actions = len(process.observations), len(process.actions)
    return log10(observations) + min(process.horizon, 10**15) * log10(observations * actions)


def _estimated_size(process: DirectPreferenceProcess, limit: int, descents: int = 30) -> float:
    """The mean, over random descents, of the product of branching factors: an unbiased estimate of the leaves.

    A descent ends once its product is hopeless; long ones are fewer.
    """
    generator = random.Random(0)
    total = 0.0
    count = max(1, min(descents, 3000 // process.horizon))
    for _ in range(count):
        options = [(o,) for o in first_observation(process)]
        size = float(len(options))
        history: History = generator.choice(options)
        for _ in range(process.horizon):
            if size > BEYOND:
                break
            choices = available_actions(process, history)
            action = generator.choice(choices)
            observations = list(next_observation(process, history, action))
            size *= len(choices) * len(observations)
            history = (*history, action, generator.choice(observations))
        total += size
    return total / count


def policy_table(
    process: DirectPreferenceProcess, tabulation: Tabulation, policy: Policy, everywhere: bool = False
) -> PolicyTable:
    """The table of a policy.

    The policy is called on the histories that it reaches, and the others take the first available action; or
    `everywhere`, on all attainable histories.
    """
    table: list[tuple[Fraction, ...]] = []
    reached = bytearray(len(tabulation.histories) + len(tabulation.tree.outcome))
    for _, node in tabulation.tree.initial:
        reached[node] = 1
    for i, (history, allowed) in enumerate(zip(tabulation.histories, tabulation.actions, strict=True)):
        taken = (
            action_probabilities(process, policy, history)
            if everywhere or reached[i]
            else Distribution.point(allowed[0])
        )
        table.append(tuple(taken[a] for a in allowed))
        for p, row in zip(table[-1], tabulation.tree.branches[i], strict=True):
            if p:
                for _, child in row:
                    reached[child] = 1
    return tuple(table)
