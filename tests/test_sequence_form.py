"""Sequence form, best responses, CFR⁺ and linear programs on games with imperfect information, against OpenSpiel."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pyspiel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_spiel.python import policy as spiel_policy
from open_spiel.python.algorithms import cfr as spiel_cfr
from open_spiel.python.algorithms import expected_game_score
from open_spiel.python.algorithms import exploitability as spiel_exploitability

from solvers.games.building.builders import low_rank_game
from solvers.games.game import PreferenceGame, skew_game
from solvers.games.payoffs import GameTooLarge
from solvers.games.trees.builders import token_game
from solvers.games.trees.equilibrium import TreeSeen, judged
from solvers.games.trees.judge import (
    best_response,
    exact_best_response,
    exact_tree_exploitability,
    exact_tree_value,
    tree_exploitability,
)
from solvers.games.trees.mirror_descent import dilated_mirror_descent
from solvers.games.trees.openspiel import from_openspiel
from solvers.games.trees.regret_matching import counterfactual_regret_plus
from solvers.games.trees.sequence_program import sequence_form_program
from solvers.games.trees.tree_game import SequencePayoffs, TreeGame, sequence_payoffs
from solvers.games.trees.treeplex import (
    behaviour_of,
    best_values,
    divergence,
    greedy,
    plan_of,
    policy_at,
    proximal,
    read_policy,
    treeplex_of,
)

KUHN, LEDUC, DICE = "kuhn_poker", "leduc_poker", "liars_dice(numdice=1,dice_sides=3)"
THIRD, HALF = Fraction(1, 3), Fraction(1, 2)


@cache
def loaded(name: str) -> tuple[Any, TreeGame]:
    game = pyspiel.load_game(name)
    return game, from_openspiel(game)


def theirs(game: Any, policies: tuple[dict[Any, Any], dict[Any, Any]]) -> Any:
    """Our policies as one of OpenSpiel's."""
    table = spiel_policy.TabularPolicy(game)
    for policy in policies:
        for label, row in policy.items():
            table.action_probability_array[table.state_lookup[label]] = 0
            for action, p in row.items():
                table.action_probability_array[table.state_lookup[label]][action] = p
    return table


def random_policies(game: TreeGame, seed: int) -> tuple[dict[Any, Any], dict[Any, Any]]:
    generator = np.random.default_rng(seed)
    first, second = (
        {
            label: dict(zip(actions, generator.dirichlet(np.ones(len(actions))).tolist(), strict=True))
            for label, actions in zip(plex.labels, plex.actions, strict=True)
        }
        for plex in game.players
    )
    return first, second


@pytest.mark.parametrize("name", [KUHN, LEDUC, DICE])
def test_the_judge_is_openspiels_nash_conv_on_random_policies(name: str) -> None:
    spiel, game = loaded(name)
    for seed in range(3):
        policies = random_policies(game, seed)
        table = theirs(spiel, policies)
        assert tree_exploitability(game, *policies) == pytest.approx(
            spiel_exploitability.nash_conv(spiel, table), abs=1e-12
        )
        value = expected_game_score.policy_value(spiel.new_initial_state(), [table, table])
        plans = [plan_of(plex, read_policy(plex, p)) for plex, p in zip(game.players, policies, strict=True)]
        assert game.value(*plans) == pytest.approx(value[0], abs=1e-12)


@pytest.mark.parametrize("method", ["simplex", "interior point"])
@pytest.mark.parametrize(("name", "value"), [(KUHN, -1 / 18), (LEDUC, -0.085606424078)])
def test_the_program_finds_published_values(name: str, value: float, method: str) -> None:
    spiel, game = loaded(name)
    result = sequence_form_program(game, method=method)
    assert result.converged
    assert result.gap <= 1e-10
    assert result.value == pytest.approx(value, abs=1e-11)
    assert spiel_exploitability.nash_conv(spiel, theirs(spiel, result.policies)) <= 1e-9


def kuhn(alpha: Fraction) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Kuhn's equilibria: the first player bets a jack with α, a king with 3α, calls with a queen with 1/3 + α."""
    pass_, bet = 0, 1

    def bets(p: Fraction) -> dict[int, Fraction]:
        return {pass_: 1 - p, bet: p}

    zero, one = Fraction(0), Fraction(1)
    first = {"0": bets(alpha), "1": bets(zero), "2": bets(3 * alpha)}
    first |= {"0pb": bets(zero), "1pb": bets(THIRD + alpha), "2pb": bets(one)}
    second = {"0p": bets(THIRD), "1p": bets(zero), "2p": bets(one)}
    return first, second | {"0b": bets(zero), "1b": bets(THIRD), "2b": bets(one)}


@pytest.mark.parametrize("alpha", [Fraction(0), Fraction(1, 5), THIRD])
def test_kuhns_equilibria_are_exact(alpha: Fraction) -> None:
    game = from_openspiel(pyspiel.load_game(KUHN), exact=True)
    first, second = kuhn(alpha)
    assert exact_tree_exploitability(game, first, second) == 0
    assert exact_tree_value(game, first, second) == Fraction(-1, 18)
    assert exact_best_response(game, first)[0] == Fraction(1, 18)  # what the second player gets
    assert tree_exploitability(game, first, second) == pytest.approx(0, abs=1e-15)
    worse = first | {"0pb": {0: HALF, 1: HALF}}  # calls with a jack
    assert exact_tree_exploitability(game, worse, second) > 0


def test_best_responses_are_found_by_enumeration() -> None:
    """Kuhn's 64 deterministic policies, each against random ones."""
    _, game = loaded(KUHN)
    first, second = random_policies(game, 5)
    for player, policy in ((0, second), (1, first)):
        plex, other = game.players[player], game.players[1 - player]
        gains = game.gains(player, plan_of(other, read_policy(other, policy)))
        values = []
        for choices in product(range(2), repeat=plex.sets):
            behaviour = np.ones(plex.sequences)
            behaviour[1:] = np.array([[1 - c, c] for c in choices]).ravel()
            values.append(float(gains @ plan_of(plex, behaviour)))
        found = best_response(game, policy, player)
        assert found.value == pytest.approx(max(values), abs=1e-14)
        assert float(gains @ found.plan) == pytest.approx(max(values), abs=1e-14)
        assert set(found.plan.tolist()) <= {0.0, 1.0}
        exact = {label: {a: Fraction(p) for a, p in row.items()} for label, row in policy.items()}
        exact = {label: {0: row[0], 1: 1 - row[0]} for label, row in exact.items()}
        assert float(exact_best_response(game, exact, player)[0]) == pytest.approx(max(values), abs=1e-14)


def test_cfr_plus_meets_the_program() -> None:
    for name, iterations in ((KUHN, 3000), (LEDUC, 4000)):
        spiel, game = loaded(name)
        result = counterfactual_regret_plus(game, iterations, tolerance=1e-4)
        assert result.converged
        assert result.gap <= 1e-4
        assert spiel_exploitability.nash_conv(spiel, theirs(spiel, result.policies)) == pytest.approx(
            result.gap, abs=1e-12
        )
        assert result.value == pytest.approx(sequence_form_program(game).value, abs=1e-4)
    predictive = counterfactual_regret_plus(loaded(KUHN)[1], 3000, predictive=True, tolerance=1e-8)
    assert predictive.converged


def test_cfr_plus_is_openspiels() -> None:
    """The current policies of the first iterations are OpenSpiel's; ours are averaged as they should be."""
    spiel, game = loaded(KUHN)
    solver = spiel_cfr.CFRPlusSolver(spiel)
    currents: list[Any] = []
    ours = counterfactual_regret_plus(
        game, 25, tolerance=1e-12, every=1, callback=lambda seen: currents.append(seen.last)
    )
    for last in currents:
        solver.evaluate_and_update_policy()
        behaviours = [policy_at(p, behaviour_of(p, x)) for p, x in zip(game.players, last, strict=True)]
        table = theirs(spiel, (behaviours[0], behaviours[1])).action_probability_array
        current = solver.current_policy()
        reached = 0
        for player, plex in enumerate(game.players):
            for j, label in enumerate(plex.labels):
                if last[player][plex.parent[j]] > 0:  # elsewhere a plan doesn't tell
                    row = current.policy_for_key(label)
                    assert table[current.state_lookup[label]] == pytest.approx(row, abs=1e-12)
                    reached += 1
        assert reached >= 6
    for player in (0, 1):
        mean = sum(t * plans[player] for t, plans in enumerate(currents, 1)) / sum(range(1, 26))
        assert ours.plans[player] == pytest.approx(mean, abs=1e-14)


def test_an_unfinished_run_says_so_and_tells_what_it_saw() -> None:
    _, game = loaded(KUHN)
    seen: list[int] = []
    result = counterfactual_regret_plus(
        game, 7, tolerance=1e-9, every=3, callback=lambda s: seen.append(s.iteration), progress=False
    )
    assert not result.converged
    assert "7 iterations" in result.reason
    assert "NOT CONVERGED" in repr(result)
    assert seen == [3, 6, 7]
    assert np.isnan(result.history).tolist() == [True, True, False, True, True, False, False]
    assert result.last is not None
    assert result.average is not None
    assert result.average_history is result.history
    assert result.gap == result.average_gap == pytest.approx(tree_exploitability(game, *result.plans), abs=1e-15)
    assert result.last_gap == pytest.approx(tree_exploitability(game, *result.last), abs=1e-15)


def test_callbacks_cannot_change_a_run() -> None:
    _, game = loaded(KUHN)
    seen: list[TreeSeen] = []
    counterfactual_regret_plus(game, 2, every=1, callback=seen.append)
    dilated_mirror_descent(game, None, 0.1, 2, callback=seen.append)
    assert len(seen) == 4
    for plan in (plan for s in seen for plans in (s.last, s.average or ()) for plan in plans):
        with pytest.raises(ValueError, match="read-only"):
            plan[0] = 2.0


def test_bad_policies_are_refused_by_name() -> None:
    _, game = loaded(KUHN)
    first, second = random_policies(game, 0)
    with pytest.raises(ValueError, match="second"):
        tree_exploitability(game, first)
    with pytest.raises(ValueError, match="'0pb' a mapping"):
        tree_exploitability(game, {k: v for k, v in first.items() if k != "0pb"}, second)
    with pytest.raises(ValueError, match=r"sums to 1\.2 at '1'"):
        tree_exploitability(game, first | {"1": {0: 0.6, 1: 0.6}}, second)
    with pytest.raises(ValueError, match=r"-0\.1 at '1'"):
        tree_exploitability(game, first | {"1": {0: -0.1, 1: 1.1}}, second)
    with pytest.raises(ValueError, match="nan at '2'"):
        tree_exploitability(game, first | {"2": {0: float("nan"), 1: 1.0}}, second)
    with pytest.raises(ValueError, match="'0p' is no information set"):
        tree_exploitability(game, first | {"0p": {0: 1}}, second)
    with pytest.raises(ValueError, match="7 is no action"):
        tree_exploitability(game, first | {"0": {7: 1}}, second)
    with pytest.raises(ValueError, match="has shape"):
        tree_exploitability(game, np.ones(3), second)
    broken = plan_of(game.players[0], read_policy(game.players[0], first))
    broken[1] += 0.25
    with pytest.raises(ValueError, match=r"sums to 1\.25 at '0'"):
        tree_exploitability(game, broken, second)
    with pytest.raises(ValueError, match="player"):
        best_response(game, first, 2)
    with pytest.raises(TypeError, match="float"):
        exact_tree_exploitability(game, first, second)
    for method in ("magic", ["simplex"]):
        with pytest.raises(ValueError, match="method"):
            sequence_form_program(game, method=method)
    with pytest.raises(ValueError, match="tolerance"):
        counterfactual_regret_plus(game, tolerance=0.0)
    with pytest.raises(TypeError, match="callback"):
        counterfactual_regret_plus(game, callback="print")


def test_unfit_games_are_refused() -> None:
    with pytest.raises(ValueError, match="3 players"):
        from_openspiel(pyspiel.load_game("kuhn_poker(players=3)"))
    with pytest.raises(ValueError, match="simultaneous"):
        from_openspiel(pyspiel.load_game("matrix_rps"))
    with pytest.raises(GameTooLarge, match="histories"):
        from_openspiel(pyspiel.load_game("chess"), limit=10_000)
    with pytest.raises(GameTooLarge, match="more than 50 histories"):
        from_openspiel(pyspiel.load_game(KUHN), limit=50)
    with pytest.raises(ValueError, match="called the same"):
        treeplex_of([("a", None, "x"), ("a", None, "x")])
    with pytest.raises(ValueError, match="own ancestor"):
        treeplex_of([("a", (1, 0), "x"), ("b", (0, 0), "x")])
    with pytest.raises(ValueError, match="no actions"):
        treeplex_of([("a", None, ())])
    with pytest.raises(ValueError, match="unknown action"):
        treeplex_of([("a", (0, 3), "x")])


def test_turn_based_matrix_games_and_players_without_a_choice() -> None:
    game = from_openspiel(pyspiel.convert_to_turn_based(pyspiel.load_game("matrix_rps")))
    result = sequence_form_program(game)
    assert result.plans[0][1:] == pytest.approx(np.full(3, 1 / 3))
    assert result.plans[1][1:] == pytest.approx(np.full(3, 1 / 3))
    # The second player has no information set: the first takes the largest payoff.
    alone, _ = treeplex_of([("only", None, ("left", "right"))])
    nobody, _ = treeplex_of([])
    lonely = TreeGame((alone, nobody), sequence_payoffs([(1, 0, 2), (2, 0, 1), (2, 0, 2)], (3, 1)))
    for result in (sequence_form_program(lonely), counterfactual_regret_plus(lonely, 500, tolerance=1e-3, every=1)):
        assert result.converged
        assert result.value == pytest.approx(3, abs=1e-3)


def test_what_is_never_reached_costs_nothing() -> None:
    plex, _ = treeplex_of([("above", None, "ab"), ("below", (0, 1), "ab")])
    never, other = np.array([1, 1, 0, 1, 0.0]), np.array([1, 0.5, 0.5, 0, 1.0])
    assert divergence(plex, never, other) == pytest.approx(np.log(2))
    assert divergence(plex, np.array([1, 0.5, 0.5, 1, 0.0]), other) == np.inf
    assert greedy(plex, np.zeros(5)).tolist() == [1, 1, 0, 1, 0]  # of equally good ones, the first


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_treeplexes_of_any_order_keep_their_flow(seed: int) -> None:
    """Random trees, listed in random order: plans of random behaviours flow, and give the behaviours back."""
    generator = np.random.default_rng(seed)
    count = int(generator.integers(1, 12))
    order = generator.permutation(count)
    sizes = generator.integers(1, 4, size=count)
    at = np.argsort(order)
    sets: list[Any] = [None] * count
    for i in range(count):
        parent = int(generator.integers(-1, i)) if i else -1
        before = None if parent < 0 else (int(at[parent]), int(generator.integers(sizes[parent])))
        sets[at[i]] = (f"set {i}", before, tuple(range(sizes[i])))
    plex, number = treeplex_of(sets)
    assert [plex.labels[number[k]] for k in range(count)] == [label for label, _, _ in sets]
    policy = {label: dict(enumerate(generator.dirichlet(np.ones(len(actions))))) for label, _, actions in sets}
    behaviour = read_policy(plex, policy)
    plan = plan_of(plex, behaviour)
    assert behaviour_of(plex, plan) == pytest.approx(behaviour, abs=1e-12)
    assert read_policy(plex, plan) == pytest.approx(behaviour, abs=1e-9)
    for k, (label, before, actions) in enumerate(sets):  # the plan, multiplied up along each path
        reached, up = 1.0, before
        while up is not None:
            reached *= policy[sets[up[0]][0]][up[1]]
            up = sets[up[0]][1]
        j = int(number[k])
        mine = plan[plex.first[j] : plex.first[j + 1]]
        assert mine == pytest.approx([reached * policy[label][a] for a in actions], abs=1e-12)
    gains = generator.normal(size=plex.sequences)
    values = best_values(plex, gains)
    assert float(gains @ plan_of(plex, greedy(plex, values))) == pytest.approx(float(values[0]), abs=1e-12)
    soft, _, top = proximal(plex, np.zeros(plex.sequences), gains, 1e-3)  # nearly the hard maximum
    assert values[0] <= top + 1e-9
    assert float(gains @ plan_of(plex, np.exp(soft))) <= values[0] + 1e-9


class Spiel:
    """A game of OpenSpiel's shape whose tree is given: a list of children, or the returns."""

    def __init__(self, tree: Any, labels: Any = None) -> None:
        self.tree, self.labels = tree, labels or {}

    def get_type(self) -> Any:
        return pyspiel.load_game(KUHN).get_type()

    def num_players(self) -> int:
        return 2

    def new_initial_state(self) -> SpielState:
        return SpielState(self, ())


class SpielState:
    def __init__(self, game: Spiel, path: tuple[int, ...]) -> None:
        self.game, self.path = game, path
        self.at = game.tree
        for step in path:
            self.at = self.at[1][step]

    def is_terminal(self) -> bool:
        return self.at[0] == "end"

    def is_chance_node(self) -> bool:
        return self.at[0] == "chance"

    def is_simultaneous_node(self) -> bool:
        return False

    def returns(self) -> Any:
        return self.at[1]

    def current_player(self) -> Any:
        return self.at[0]

    def legal_actions(self) -> list[int]:
        return list(range(len(self.at[1])))

    def chance_outcomes(self) -> list[tuple[int, float]]:
        return list(enumerate(self.at[2]))

    def information_state_string(self, _player: int) -> Any:
        return self.game.labels.get(self.path, str(self.path))

    def child(self, action: int) -> SpielState:
        return SpielState(self.game, (*self.path, action))


def ended(value: float) -> tuple[str, list[float]]:
    return ("end", [value, -value])


def test_games_that_are_no_tree_games_are_refused() -> None:
    leaf = ended(1.0)
    fair = Spiel(("chance", [(0, [leaf, ended(-2.0)]), (1, [leaf, ended(0.0)])], [0.25, 0.75]))
    game = from_openspiel(fair, exact=True)
    assert sequence_form_program(game).value == pytest.approx(0.25)  # 1/4 · 1 + 3/4 · 0
    assert exact_tree_value(game, {"(0,)": {0: 1}}, {"(1,)": {1: 1}}) == Fraction(1, 4)
    with pytest.raises(ValueError, match="sum to 0"):
        from_openspiel(Spiel((0, [leaf, ("end", [1.0, 1.0])])))
    with pytest.raises(ValueError, match="is no fraction"):
        from_openspiel(Spiel(("chance", [leaf, leaf], [0.1234567891, 0.8765432109])), exact=True)
    forgets = Spiel((0, [(0, [leaf, leaf]), (0, [leaf, leaf])]), {(0,): "?", (1,): "?"})
    with pytest.raises(ValueError, match="perfect recall"):
        from_openspiel(forgets)
    fickle = Spiel(("chance", [(0, [leaf, leaf]), (0, [leaf])], [0.5, 0.5]), {(0,): "?", (1,): "?"})
    with pytest.raises(ValueError, match="others to choose from"):
        from_openspiel(fickle)


# -- records ----------------------------------------------------------------------------------------------------------


def test_iterates_that_overflow_end_the_run_at_the_ones_before() -> None:
    circle = PreferenceGame([["1/2", "2/3", "1/3"], ["1/3", "1/2", "2/3"], ["2/3", "1/3", "1/2"]])
    game = token_game(None, "abc", 1, games={None: circle})
    uneven = {(): {"a": 0.5, "b": 0.3, "c": 0.2}}
    result = dilated_mirror_descent(game, uneven, 0.0, 50, rule="mirror descent", step=1e307)
    assert not result.converged
    assert f"no longer finite after {result.iterations} iterations" in result.reason
    assert np.isnan(result.history).tolist() == [False] * (result.iterations - 1) + [True]
    assert result.gap == pytest.approx(tree_exploitability(game, *result.plans), abs=1e-15)
    assert result.gap == pytest.approx(float(result.history[-2]), abs=1e-15)
    huge = token_game(None, "abc", 1, games={None: skew_game(6 * 1e299 * circle.matrix)})
    with pytest.raises(FloatingPointError, match="first iterate is not finite"):
        dilated_mirror_descent(huge, uneven, 1e-10, 50, rule="mirror descent", step=1e10)
    with pytest.raises(ValueError, match="tau: 1e-09 is too small"):
        dilated_mirror_descent(huge, uneven, 1e-9, 50, rule="mirror descent")
    with pytest.raises(ValueError, match=r"plans\[0\]: nan of the empty sequence"):
        judged(game, (np.array([np.nan, 0, 0, 0]),) * 2, method="none", tolerance=1.0, iterations=1)


@pytest.mark.parametrize("method", ["simplex", "interior point"])
@pytest.mark.parametrize("scale", [1e-100, 1e-10, 1e10])
def test_the_program_does_not_depend_on_the_unit_of_payoffs(scale: float, method: str) -> None:
    _, game = loaded(LEDUC)
    payoffs = SequencePayoffs(game.payoffs.sequence_matrix() * scale, game.payoffs.sequence_matrix().T.tocsr() * scale)
    generator = np.random.default_rng(3)
    F, S = generator.normal(size=(27, 4)), generator.normal(size=(4, 4))
    low = low_rank_game(np.sqrt(scale) * F, S - S.T, "identity")
    for scaled in (TreeGame(game.players, payoffs), token_game(None, "abc", 3, games={None: low})):
        result = sequence_form_program(scaled, method=method, tolerance=1e-12 * scale)
        assert result.converged, result
        assert result.last is result.plans
        assert result.last_gap == result.gap == result.history.tolist()[-1]
        assert result.average_history is None
