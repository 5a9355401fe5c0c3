"""Games as social choice: the identities of maximal lotteries, and pref_voting as a peer."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from itertools import combinations
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pref_voting.probabilistic_methods import c1_maximal_lottery
from pref_voting.probabilistic_methods import maximal_lottery as peers_lottery
from pref_voting.profiles import Profile
from pref_voting.profiles_with_ties import ProfileWithTies
from pref_voting.weighted_majority_graphs import MarginGraph

from solvers.games.building.builders import game_from_scores, game_from_voters, low_rank_game
from solvers.games.building.generators import random_low_rank_game
from solvers.games.building.strategies import preference_games
from solvers.games.exact.rational import exact_von_neumann_winner
from solvers.games.game import PreferenceGame, exact_exploitability, exploitability, skew_game
from solvers.games.second_order.winner import von_neumann_winner
from solvers.games.social_choice.majorities import condorcet_winner, copeland_scores, smith_set
from solvers.games.social_choice.profiles import game_from_profile, maximal_lottery
from solvers.games.social_choice.winner_intervals import winner_interval
from solvers.rewards.data_sets.tally import Judgement
from solvers.rewards.pairwise.win_counts import comparison_counts

ODD = preference_games(1, 6, ties=False)  # odd margins: one von Neumann winner only [Laffond, Laslier, Le Breton 1997]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def generate_profile(candidates: int, voters: int, seed: int) -> Profile:
    """Voters who rank at random."""
    generator = np.random.default_rng(seed)
    return Profile([generator.permutation(candidates).tolist() for _ in range(voters)])


def part(game: PreferenceGame, kept: list[int]) -> PreferenceGame:
    """The exact game of some of the actions, each as often as it is listed."""
    assert game.rationals is not None
    rows: Any = [[game.rationals[i][j] for j in kept] for i in kept]
    return skew_game(rows)


def brute_smith_set(A: np.ndarray) -> set[int]:
    """The smallest set that beats all outside it, by trying all."""
    n = len(A)
    for k in range(1, n + 1):
        for chosen in combinations(range(n), k):
            rest = [j for j in range(n) if j not in chosen]
            if (A[np.ix_(chosen, rest)] > 0).all():
                return set(chosen)
    raise AssertionError


# -- the identities -------------------------------------------------------------------------------------------------


@QUICK
@given(ODD, st.data())
def test_the_masses_of_clones_add_up(game: PreferenceGame, data: st.DataObject) -> None:
    cloned = data.draw(st.integers(0, game.size - 1))
    whole = exact_von_neumann_winner(game).policy
    split = part(game, [*range(game.size), cloned])  # clones tie with each other, so that there are many winners
    found = exact_von_neumann_winner(split).policy
    assert exact_exploitability(split, found) == 0
    assert found[cloned] + found[-1] == whole[cloned]
    assert [p for i, p in enumerate(found[:-1]) if i != cloned] == [p for i, p in enumerate(whole) if i != cloned]
    policy = von_neumann_winner(split).policy
    policy[cloned] += policy[-1]
    assert np.allclose(policy[:-1], [float(p) for p in whole], atol=1e-9)


@QUICK
@given(ODD, st.data())
def test_deleting_a_loser_changes_nothing(game: PreferenceGame, data: st.DataObject) -> None:
    whole = exact_von_neumann_winner(game).policy
    losers = [i for i, p in enumerate(whole) if not p]
    assume(losers)
    out = data.draw(st.sampled_from(losers))
    kept = [i for i in range(game.size) if i != out]
    assert list(exact_von_neumann_winner(part(game, kept)).policy) == [whole[i] for i in kept]
    found = von_neumann_winner(part(game, kept))
    assert np.allclose(found.policy, [float(whole[i]) for i in kept], atol=1e-9)


@QUICK
@given(preference_games(2, 6), st.data())
def test_a_strict_condorcet_winner_wins_alone(game: PreferenceGame, data: st.DataObject) -> None:
    winner = data.draw(st.integers(0, game.size - 1))
    assert game.rationals is not None
    rows: Any = [list(row) for row in game.rationals]
    for j in range(game.size):
        if j != winner:
            rows[winner][j] = abs(rows[winner][j]) or Fraction(1, 100)
            rows[j][winner] = -rows[winner][j]
    strict = skew_game(rows)
    point = np.eye(game.size)[winner]
    assert condorcet_winner(strict) == winner
    assert smith_set(strict) == (winner,)
    assert np.array_equal(von_neumann_winner(strict).policy, point)
    assert np.allclose(von_neumann_winner(strict, method="interior point").policy, point, atol=1e-7)
    assert list(exact_von_neumann_winner(strict).policy) == point.tolist()


@QUICK
@given(preference_games(1, 6))
def test_the_smith_set_holds_the_support(game: PreferenceGame) -> None:
    smith = smith_set(game)
    assert set(smith) == brute_smith_set(game.matrix)
    winner = exact_von_neumann_winner(game).policy
    assert {i for i, p in enumerate(winner) if p} <= set(smith)
    for method in ("auto", "interior point", "linear program"):
        policy = von_neumann_winner(game, method=method).policy
        assert np.delete(policy, smith).sum() <= 1e-9


@QUICK
@given(preference_games(1, 6))
def test_there_is_a_condorcet_winner_iff_a_row_is_positive(game: PreferenceGame) -> None:
    rows = [i for i, row in enumerate(game.matrix) if (np.delete(row, i) > 0).all()]
    assert condorcet_winner(game) == (rows[0] if rows else None)
    assert copeland_scores(game).tolist() == [int((row > 0).sum() - (row < 0).sum()) for row in game.matrix]


@pytest.mark.parametrize("seed", range(5))
def test_factored_games_have_the_majorities_of_their_matrix(seed: int) -> None:
    game = random_low_rank_game(300, 4, np.random.default_rng(seed))
    stored = skew_game(game.matrix)
    assert np.array_equal(copeland_scores(game), copeland_scores(stored))
    assert smith_set(game) == smith_set(stored)


def test_copies_tie_in_factored_games_in_spite_of_rounding() -> None:
    u = np.repeat(np.random.default_rng(0).standard_normal((5, 7)) * 1e3, 4, axis=0)
    S = np.triu(np.random.default_rng(1).standard_normal((7, 7)), 1)
    game = low_rank_game(u, S - S.T, "identity")
    scores = copeland_scores(game)
    assert (scores % 4 == 0).all()
    assert all(len(set(scores[k : k + 4])) == 1 for k in range(0, 20, 4))
    assert smith_set(game_from_scores(np.repeat([0.1, 0.3, 0.7, 0.7], 3))) == tuple(range(6, 12))


@pytest.mark.parametrize("question", [condorcet_winner, smith_set, copeland_scores])
def test_majorities_are_asked_of_games(question: Any) -> None:
    with pytest.raises(TypeError, match=r"game must be a PreferenceGame, got ndarray: pass PreferenceGame\(P\)"):
        question(np.full((2, 2), 0.5))


def test_large_factored_games_need_no_matrix() -> None:
    game = game_from_scores(np.arange(8_000)[::-1] / 1e4)
    tracemalloc.start()
    assert condorcet_winner(game) == 0
    assert tracemalloc.get_traced_memory()[1] < 8_000**2 * 8 / 4
    tracemalloc.stop()


# -- profiles -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_pref_voting_finds_the_same_unique_lotteries(seed: int) -> None:
    profile = generate_profile(5, 11 + 2 * seed, seed=seed)
    ours, peers = maximal_lottery(profile), peers_lottery(profile)
    assert ours.converged
    assert ours.probabilities == pytest.approx(peers, abs=1e-9)  # unique: an odd number of voters
    c1 = maximal_lottery(profile, majorities=True)
    assert c1.probabilities == pytest.approx(c1_maximal_lottery(profile), abs=1e-9)
    assert c1.gap <= 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_of_several_lotteries_both_are_unbeaten(seed: int) -> None:
    profile = generate_profile(4, 4, seed=seed)
    game = game_from_profile(profile)
    ours, peers = maximal_lottery(profile), peers_lottery(profile)
    assert ours.gap <= 1e-9
    assert exploitability(game, ours.equilibrium.policy) == pytest.approx(ours.gap, abs=1e-15)
    rounded = [max(peers[c], 0.0) for c in profile.candidates]  # its vertices have entries of -1e-17
    assert exploitability(game, rounded) <= 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_a_profile_is_the_game_of_its_voters(seed: int) -> None:
    profile = generate_profile(4, 6, seed=seed)
    rankings = [[int(c) for c in ranking] for ranking in profile.rankings]
    order = [int(c) for c in profile.candidates]
    for majorities in (False, True):
        game = game_from_profile(profile, majorities=majorities)
        assert game.rationals == game_from_voters(rankings, labels=order, majorities=majorities).rationals
        assert game.labels == tuple(profile.candidates)
    winner = profile.condorcet_winner()
    assert condorcet_winner(game) == (None if winner is None else order.index(winner))


def test_profiles_with_ties_halve_abstentions() -> None:
    profile = ProfileWithTies([{"a": 1, "b": 1, "c": 2}, {"a": 1, "b": 2, "c": 3}], [2, 3])
    game = game_from_profile(profile)
    assert game.labels == ("a", "b", "c")
    assert game.rationals is not None
    assert game.rationals[0][1] == Fraction(3, 10)  # 3 of 5 for a, 2 undecided: 4/5 - 1/2
    assert game.rationals[0][2] == Fraction(1, 2)
    assert maximal_lottery(profile).probabilities == {"a": 1.0, "b": 0.0, "c": 0.0}


def test_margin_graphs_have_no_number_of_voters() -> None:
    graph = MarginGraph(["x", "y", "z"], [("x", "y", 1), ("y", "z", 3), ("z", "x", 3)])
    game = game_from_profile(graph)
    assert game.matrix[0, 1] == 1
    lottery = maximal_lottery(graph).probabilities
    assert lottery == pytest.approx({"x": 3 / 7, "y": 3 / 7, "z": 1 / 7})
    assert lottery == pytest.approx(peers_lottery(graph))
    assert maximal_lottery(graph, majorities=True).probabilities == pytest.approx(dict.fromkeys("xyz", 1 / 3))


def test_anything_that_answers_like_a_profile_will_do() -> None:
    votes = {("x", "y"): 1, ("y", "x"): -1}
    game = game_from_profile(SimpleNamespace(candidates="xy", margin=lambda x, y: votes[x, y], num_voters=3))
    assert game.preferences[0, 1] == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="'x' against 'y', 1, and back, 1, do not sum to 0"):
        game_from_profile(SimpleNamespace(candidates="xy", margin=lambda x, y: 1, num_voters=3))
    with pytest.raises(ValueError, match="margin of 5 with 3 voters"):
        game_from_profile(SimpleNamespace(candidates="xy", margin_matrix=[[0, 5], [-5, 0]], num_voters=3))
    with pytest.raises(ValueError, match="shape"):
        game_from_profile(SimpleNamespace(candidates="xyz", margin_matrix=[[0, 5], [-5, 0]]))
    with pytest.raises(TypeError, match="game_from_voters takes rankings"):
        game_from_profile([["a", "b"]])
    for read in (game_from_profile, maximal_lottery):
        with pytest.raises(ValueError, match="lists 'x' twice among its candidates"):
            read(SimpleNamespace(candidates="xyx", margin_matrix=np.zeros((3, 3))))
    with pytest.raises(ValueError, match="no candidates"):
        game_from_profile(SimpleNamespace(candidates=[], margin_matrix=[]))


def test_the_condorcet_paradox() -> None:
    lottery = maximal_lottery(Profile([[0, 1, 2], [1, 2, 0], [2, 0, 1]], [3, 2, 2]))
    assert lottery.probabilities == pytest.approx({0: 3 / 7, 1: 1 / 7, 2: 3 / 7})  # margins 3, 3, 1


# -- intervals ------------------------------------------------------------------------------------------------------


def test_the_interval_of_two_items_is_that_of_a_binomial_majority() -> None:
    counts = np.array([[0, 14], [11, 0]])
    found = winner_interval(counts, np.random.default_rng(0), 4000)
    draws = np.random.default_rng(1).binomial(25, 14 / 25, 200_000)
    assert found.policy.tolist() == [1, 0]
    assert found.resample == "answers"
    assert found.converged
    assert found.wins_alone[0] == pytest.approx((draws > 12.5).mean(), abs=0.03)
    assert (found.lower[0], found.upper[0]) == (0, 1)


def test_judges_are_drawn_with_all_their_answers() -> None:
    # Nine judges of like mind, ten answers each: drawn answers never turn the majority around, drawn judges do.
    judgements = [
        Judgement(*pair, judge=f"j{k}") for k in range(9) for pair in [("a", "b") if k < 5 else ("b", "a")] * 10
    ]
    by_judge = winner_interval(judgements, np.random.default_rng(0), 2000)
    assert by_judge.resample == "judges"
    chance = (np.random.default_rng(1).binomial(9, 5 / 9, 200_000) > 4.5).mean()
    assert by_judge.wins_alone[0] == pytest.approx(chance, abs=0.04)
    by_answer = winner_interval(judgements, np.random.default_rng(0), 2000, resample="answers")
    assert by_answer.wins_alone[0] > by_judge.wins_alone[0] + 0.1


def test_a_clear_winner_has_a_short_interval_and_equal_items_the_same() -> None:
    clear = winner_interval(comparison_counts([("a", "b")] * 50 + [("b", "a")] * 5), np.random.default_rng(0), 200)
    assert clear.labels == ("a", "b")
    assert (clear.lower[0], clear.upper[0]) == (1, 1)
    tied = winner_interval(np.array([[0, 4, 9], [4, 0, 9], [0, 0, 0]]), np.random.default_rng(0), 10)
    assert np.allclose(tied.policy, [0.5, 0.5, 0], atol=1e-9)


def test_pairs_that_no_drawn_data_set_can_turn_are_told() -> None:
    generator, cycle = np.random.default_rng(0), np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    single = winner_interval(cycle, generator, 20)
    assert np.array_equal(single.lower, single.upper)
    assert single.caution.startswith("all answers agree on 3 of 3 pairs, on one from 1: no data set")
    counts = np.array([[0, 9, 0], [4, 0, 5], [0, 3, 0]])
    unseen = winner_interval(counts, generator, 20, unseen=Fraction(1, 2))
    assert unseen.caution.startswith("1 of 3 pairs were never compared and are always ties: no data set")
    assert not winner_interval(np.array([[0, 9, 7], [4, 0, 5], [1, 3, 0]]), generator, 20).caution
    ties = [Judgement("a", "b", tie=True, judge=k) for k in range(4)]
    assert "on 1 of 1 pairs, on one from 4" in winner_interval(ties, generator, 20).caution


def test_nested_lists_are_counts() -> None:
    lists = [[0, 3, 1], [2, 0, 4], [3, 1, 0]]
    one, two = (winner_interval(counts, np.random.default_rng(5), 20) for counts in (lists, np.array(lists)))
    assert np.array_equal(one.resampled, two.resampled)
    with pytest.raises(ValueError, match=r"two judgements or counts of two items; pass np.array\(counts\)"):
        winner_interval([[0, 14], [11, 0]], np.random.default_rng(0))
    pairs = winner_interval([["a", "b"], ["b", "a"]], np.random.default_rng(0), 20)
    assert pairs.labels == ("a", "b")


@pytest.mark.parametrize("resample", ["judges", "answers"])
def test_the_generator_decides_and_winners_are_lotteries(resample: Any) -> None:
    judgements = [Judgement(x, y, judge=k % 7) for k, (x, y) in enumerate(["ab", "bc", "ca", "ab", "cb"] * 9)]
    one, two = (winner_interval(judgements, np.random.default_rng(5), 60, resample=resample) for _ in range(2))
    assert np.array_equal(one.resampled, two.resampled)
    assert np.allclose(one.resampled.sum(axis=1), 1)
    assert (one.lower <= one.upper).all()
    assert one.gap <= 1e-9


def test_intervals_refuse_what_they_cannot_draw() -> None:
    generator = np.random.default_rng(0)
    pairs = [("a", "b"), ("b", "c"), ("c", "a")]
    with pytest.raises(ValueError, match="judges can be drawn only if two or more are named"):
        winner_interval(pairs, generator, resample="judges")
    with pytest.raises(ValueError, match="'a' and 'c' were never compared"):
        winner_interval(pairs[:2], generator)
    with pytest.raises(ValueError, match="weights that are not whole"):
        winner_interval(np.array([[0, 1.5], [1, 0]]), generator)
    with pytest.raises(ValueError, match="there are no judgements"):
        winner_interval([], generator)
    with pytest.raises(ValueError, match="level: must be between 0 and 1"):
        winner_interval(pairs, generator, level=95)
    with pytest.raises(ValueError, match="resample: must be"):
        winner_interval(pairs, generator, resample=cast(Any, "voters"))
    with pytest.raises(ValueError, match="times must be at least 2"):
        winner_interval(pairs, generator, 1)
    assert winner_interval(pairs[:2], generator, 2, unseen=Fraction(1, 2)).converged
