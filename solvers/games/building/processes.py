"""The game of a process: to draw a trajectory that no other way of drawing one beats.

``A ≼ B ⇔ E φ(X, Y) <= 0``, X from A and Y from B, with a skew-symmetric φ [Kreweras 1965; Fishburn 1988]: φ(x, y) is
what x gains against y. Where nothing is left to chance a policy can make any lottery over trajectories, so that the
undominated ones are the maximal lotteries of the game with payoffs φ. A relation traces into finitely many features f
of a lottery, and ``φ(x, y) = [1, f(x)] · S · [1, f(y)]``: the game is given by these factors, and the payoffs are
multiplied out only where that takes less room. For an additive φ, ``φ(x, y) = u(x) - u(y)``, the rank is 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from tqdm import tqdm

from prefcore.claims import BlackBox
from prefcore.distribution import exact
from prefcore.formula import Affine, And, Atom, Feature, Formula, Node, Not, Product
from prefcore.processes import DEFAULT_LIMIT, DirectPreferenceProcess, next_observation, tabulate
from prefcore.relations import Relation, formula_of, outcomes_tuple
from prefcore.trees import History, Tabulation
from solvers.games.building.builders import low_rank_game
from solvers.games.building.exact_games import require_pairs
from solvers.games.first_order.loop import DELAY
from solvers.games.game import WITHIN, PreferenceGame, skew_game

Key = tuple[int | None, int | None]  # of the features of A and B that a monomial is made of; None: none of that side
Form = dict[Key, Fraction]
ONE: Key = (None, None)


def game_from_process(process: DirectPreferenceProcess, *, limit: int = DEFAULT_LIMIT) -> PreferenceGame:
    """The game of a process without chance whose preference is ``pc.skew_symmetric(phi)`` on its outcomes.

    The actions are the trajectories, in the order in which :func:`prefcore.tabulate` lists them, and their labels;
    ``A[x, y] = φ(outcome(x), outcome(y))``. So it is with any relation whose formula says that a bilinear,
    skew-symmetric expression is not positive: pairwise, regret, outperforming, expected_reward. Payoffs are factored,
    of rank at most the number of features + 1, unless that is half their number or more. Raises ``ValueError`` for
    a process with chance, where not every lottery over trajectories can be made (its policies form a tree:
    :func:`solvers.games.process_game`), and for other preferences; ``ProcessTooLarge`` beyond `limit` trajectories.
    """
    if not isinstance(process, DirectPreferenceProcess):
        raise TypeError(f"process must be a DirectPreferenceProcess, got {type(process).__name__}")
    if not isinstance(process.preference, Relation):
        raise TypeError("process: its preference must be a relation such as pc.skew_symmetric(phi)")
    tabulation = tabulate(process, limit)
    _require_no_chance(tabulation)
    leaves, labels = list(tabulation.tree.outcome), _trajectories(process, tabulation)
    return _game_of(process.preference, tuple(tabulation.outcomes), leaves, labels, "process: its preference")


def game_from_phi(
    outcomes: Iterable[Any], phi: Callable[[Any, Any], Any] | Relation[Any], *, progress: bool | None = None
) -> PreferenceGame:
    """The game with payoffs ``A[x, y] = φ(x, y) = -φ(y, x)``, on lotteries over these outcomes.

    All pairs are evaluated, in both orders. As long as ``φ(x, y) = φ(x, o) - φ(y, o)`` holds, o the first outcome
    (exactly, or for floats within 1e-12 of the largest), no matrix is made: such an additive φ is a utility, and its
    game has rank 2. Otherwise the game is exact if φ gives int, Fraction, Decimal or text such as "1/3" everywhere.
    phi may be a relation that is made of one, ``pc.skew_symmetric(phi)`` or what :func:`game_from_process` takes.
    Raises ``ValueError`` naming the pair at which φ is not skew-symmetric, and ``GameTooLarge`` if it is not additive
    and N × N payoffs would not fit. progress: a bar; by default one where the output is a terminal.
    """
    if not callable(phi):
        raise TypeError(f"phi must be a function of two outcomes, got {phi!r}")
    listed = outcomes_tuple(outcomes)
    if isinstance(phi, Relation):
        return _game_of(phi, listed, list(range(len(listed))), listed, "phi: the relation")
    floats = False

    def asked(x: Any, y: Any) -> Fraction:
        nonlocal floats
        value = phi(x, y)
        floats = floats or isinstance(value, float | np.floating)
        return exact(value, f"phi({x!r}, {y!r})")

    def pair(i: int, j: int) -> Fraction:
        x, y = listed[i], listed[j]
        there, back = asked(x, y), asked(y, x)
        if abs(there + back) > (WITHIN * max(1.0, abs(float(there))) if floats else 0):
            raise ValueError(
                f"phi is not skew-symmetric: phi({x!r}, {y!r}) = {_said(there, floats)}, "
                f"phi({y!r}, {x!r}) = {_said(back, floats)}"
            )
        return (there - back) / 2

    n = len(listed)
    worth = [pair(i, 0) for i in range(n)]
    largest = max(abs(float(u)) for u in worth)
    disable = None if progress is None else not progress
    additive = True
    for i in tqdm(range(n), desc="pairs", disable=disable, delay=DELAY, leave=False):
        gains = worth[i]
        for j in range(i, n):
            if abs(pair(i, j) - (gains - worth[j])) > (WITHIN * largest if floats else 0):
                additive = False
                break
        if not additive:
            break
    if additive:
        factors = np.column_stack([np.array([float(u) for u in worth]), np.ones(n)])
        return low_rank_game(factors, [[0, 1], [-1, 0]], "identity", listed)
    require_pairs(n)
    rows: Any = [[Fraction(0)] * n for _ in range(n)]
    for i in tqdm(range(n), desc="pairs", disable=disable, delay=DELAY, leave=False):
        for j in range(i + 1, n):
            rows[i][j] = pair(i, j)
            rows[j][i] = -rows[i][j]
    if not floats:
        return skew_game(rows, listed)
    return skew_game(np.array([[float(x) for x in row] for row in rows]), listed)


# -- parts ----------------------------------------------------------------------------------------------------------


def _game_of(
    relation: Relation[Any], outcomes: tuple[Any, ...], leaves: list[int], labels: Sequence[Any], what: str
) -> PreferenceGame:
    """The game of a relation: an action for each leaf, which has an outcome, by its number. what: for messages."""
    formula = formula_of(relation, outcomes)
    if isinstance(formula, BlackBox):
        raise ValueError(f"{what}, {formula.name}, can't be traced: {formula.reason}")
    form = _bilinear(formula, f"{what}, {relation.name}")
    used = sorted({k for key in form for k in key if k is not None})
    place: dict[int | None, int] = {None: 0, **{k: 1 + at for at, k in enumerate(used)}}
    S = [[Fraction(0)] * len(place) for _ in place]
    for (a, b), weight in form.items():
        S[place[a]][place[b]] -= weight  # A ≼ B says that the form is not negative, and φ not positive
    rows = [[Fraction(1), *(Fraction(formula.features[k][o]) for k in used)] for o in range(formula.outcomes)]
    _require_skew(S, rows, outcomes, f"{what}, {relation.name}")
    size = len(S)
    S = [[(S[i][j] - S[j][i]) / 2 for j in range(size)] for i in range(size)]
    if 2 * size >= len(leaves):
        require_pairs(len(leaves))
        half = [[sum((r[i] * S[i][j] for i in range(size)), Fraction(0)) for j in range(size)] for r in rows]
        phi = [[sum((x * y for x, y in zip(h, r, strict=True)), Fraction(0)) for r in rows] for h in half]
        payoffs: Any = [[phi[o][p] for p in leaves] for o in leaves]
        return skew_game(payoffs, labels)
    factors = np.array([[float(x) for x in row] for row in rows])[leaves]
    return low_rank_game(factors, [[float(x) for x in row] for row in S], "identity", labels)


def _said(value: Fraction, as_float: bool) -> str:
    return f"{float(value):g}" if as_float else str(value)


def _require_no_chance(tabulation: Tabulation) -> None:
    tree = tabulation.tree
    if len(tree.initial) > 1:
        raise ValueError(
            "process: its first observation is left to chance, so not every lottery over trajectories can be made: "
            "solvers.games.process_game(process) makes a game over its tree"
        )
    for history, actions, rows in zip(tabulation.histories, tabulation.actions, tree.branches, strict=True):
        for action, row in zip(actions, rows, strict=True):
            if len(row) > 1:
                raise ValueError(
                    f"process: what follows action {action!r} at history {history!r} is left to chance, so not every "
                    "lottery over trajectories can be made: solvers.games.process_game(process) makes a game over its "
                    "tree"
                )


def _trajectories(process: DirectPreferenceProcess, tabulation: Tabulation) -> list[History]:
    """The trajectories, by the number of their leaf."""
    decisions = len(tabulation.histories)
    found: list[History] = [()] * len(tabulation.tree.outcome)
    for history, actions, rows in zip(tabulation.histories, tabulation.actions, tabulation.tree.branches, strict=True):
        for action, ((_, node),) in zip(actions, rows, strict=True):
            if node >= decisions:
                (observation,) = next_observation(process, history, action)
                found[node - decisions] = (*history, action, observation)
    return found


def _bilinear(formula: Formula, what: str) -> Form:
    """The form f with ``A ≼ B ⇔ f(A, B) >= 0``."""
    refusal = f"{what}, says more than that a bilinear expression is not positive"
    match formula.nodes[-1]:
        case And(()):  # all are indifferent
            return {}
        case Atom(">=", term):
            sign = 1
        case Not(condition) if isinstance(inner := formula.nodes[condition], Atom) and inner.op == ">":
            term, sign = inner.term, -1
        case _:
            raise ValueError(f"{refusal}: it is no single comparison")
    forms: list[Form | None] = []
    for node in formula.nodes:
        forms.append(_form(node, forms))
    form = forms[term]
    if form is None:
        raise ValueError(f"{refusal}: it is not linear in each lottery")
    return {key: sign * weight for key, weight in form.items() if weight}


def _form(node: Node, forms: list[Form | None]) -> Form | None:
    """The node as a form, if it is linear in either lottery."""
    form: Form = {}
    match node:
        case Feature(side, index):
            form[(index, None) if side == 0 else (None, index)] = Fraction(1)
        case Affine(constant, terms):
            form[ONE] = constant
            for weight, i in terms:
                part = forms[i]
                if part is None:
                    return None
                for key, value in part.items():
                    form[key] = form.get(key, Fraction(0)) + weight * value
        case Product(left, right):
            p, q = forms[left], forms[right]
            if p is None or q is None:
                return None
            for ((a, b), v), ((c, d), w) in product(p.items(), q.items()):
                if v and w:
                    if (a is not None and c is not None) or (b is not None and d is not None):
                        return None
                    key = (c if a is None else a, d if b is None else b)
                    form[key] = form.get(key, Fraction(0)) + v * w
        case _:
            return None
    return form


def _require_skew(S: list[list[Fraction]], rows: list[list[Fraction]], outcomes: Any, what: str) -> None:
    """``φ(x, y) + φ(y, x) = 0`` for all outcomes; S itself need not be skew where features depend on each other."""
    size = range(len(S))
    both = [[S[i][j] + S[j][i] for j in size] for i in size]
    if not any(map(any, both)):
        return
    for x, row in enumerate(rows):
        gains = [sum((row[i] * both[i][j] for i in size), Fraction(0)) for j in size]
        for y, other in enumerate(rows[: x + 1]):
            off = sum((g * f for g, f in zip(gains, other, strict=True)), Fraction(0))
            if off:
                raise ValueError(
                    f"{what}, is not skew-symmetric: "
                    f"φ({outcomes[x]!r}, {outcomes[y]!r}) + φ({outcomes[y]!r}, {outcomes[x]!r}) = {off}"
                )
