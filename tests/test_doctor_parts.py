"""What the data-set doctor looks at, each figure against a computation of its own."""

from __future__ import annotations

from itertools import combinations
from math import log, sqrt
from typing import Any

import networkx
import numpy as np
import pytest
from preference_data import Matrix, counts_of, drawn, random_counts, scores_matrix, sigmoid
from scipy.optimize import minimize

from solvers.rewards.data_sets.doctor import diagnose
from solvers.rewards.data_sets.effects import mantel_haenszel, position_effect, share_of
from solvers.rewards.data_sets.held_out import predict
from solvers.rewards.data_sets.hodge import hodge
from solvers.rewards.data_sets.misfit import misfit
from solvers.rewards.data_sets.own_cycles import cyclic_by_chance, group_cycles
from solvers.rewards.data_sets.reading import count
from solvers.rewards.data_sets.tally import Judgement
from solvers.rewards.data_sets.von_neumann import smith_set, von_neumann_winner
from solvers.rewards.pairwise.win_counts import WinCounts

# -- cycles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_own_cycles_by_going_through_every_group(seed: int) -> None:
    generator = np.random.default_rng(seed)
    records = [
        Judgement(*generator.choice(5, 2, replace=False).tolist(), bool(generator.random() < 0.2), j, c)
        for j in range(8)
        for c in range(3)
        for _ in range(int(generator.integers(1, 14)))
    ]
    tally = count(records)
    for kind, key in (
        ("rounds", lambda r: (r.judge, r.context)),
        ("judges", lambda r: r.judge),
        ("contexts", lambda r: r.context),
        ("all", lambda r: 0),
    ):
        found = group_cycles(tally.answers(), kind, len(tally.labels))
        groups: dict[Any, list[Judgement]] = {}
        for record in records:
            groups.setdefault(key(record), []).append(record)
        cyclic = triads = circles = both = again = complete = 0
        for answers in groups.values():
            graph, asked = networkx.DiGraph(), set()
            for a, b in combinations(range(5), 2):
                own = [r for r in answers if {r.winner, r.loser} == {a, b}]
                asked |= {(a, b)} if own else set()
                up = sum(r.winner == a and not r.tie for r in own)
                down = sum(r.winner == b and not r.tie for r in own)
                both += up > 0 and down > 0
                again += len(own) > 1
                if up != down:
                    graph.add_edge(*((a, b) if up > down else (b, a)))
            cyclic += not networkx.is_directed_acyclic_graph(graph)
            complete += len(asked) == 10
            for triple in combinations(range(5), 3):
                inside = graph.subgraph(triple).edges
                if len(inside) == 3:
                    triads += 1
                    circles += len({tail for tail, _ in inside}) == 3
        assert (found.groups, found.cyclic, found.triads, found.cyclic_triads) == (len(groups), cyclic, triads, circles)
        assert (found.contradictions, found.repeats, found.complete) == (both, again, complete)


def test_random_tournaments_have_a_cycle_as_often_as_counting_says() -> None:
    # Of the 2^6 tournaments on four items 4! are transitive, so 40 of 64 contain a cycle.
    records = [Judgement(a, b, judge=j) for j in range(400) for a, b in combinations(range(4), 2)]
    answers = count(records).answers()
    mean, low, high = cyclic_by_chance(answers, "judges", 4, np.zeros(4), np.random.default_rng(0), 200)
    assert abs(mean - 250) < 3 and low < 250 < high
    steep = np.array([30.0, 20, 10, 0])
    assert cyclic_by_chance(answers, "judges", 4, steep, np.random.default_rng(0), 5) == (0, 0, 0)


# -- what runs in circles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_are_orthogonal_and_the_gradient_is_the_nearest(seed: int) -> None:
    counts = random_counts(7, np.random.default_rng(seed), gaps=0.3)
    found = hodge(counts)
    share = (counts.wins + 0.5) / (counts.totals + 1)
    weight = counts.totals * share * (1 - share)
    np.testing.assert_allclose(found.flow, np.log(share / (1 - share)))
    incidence = np.zeros((len(counts.i), 7))
    incidence[np.arange(len(counts.i)), counts.i], incidence[np.arange(len(counts.i)), counts.j] = 1, -1
    root = np.sqrt(weight)[:, None]
    scores = np.linalg.lstsq(root * incidence, root[:, 0] * found.flow, rcond=None)[0]
    np.testing.assert_allclose(found.gradient, incidence @ scores, atol=1e-9)
    assert abs((weight * found.gradient) @ found.cyclic) < 1e-9
    norm = weight @ found.flow**2
    assert found.cyclic_share == pytest.approx(weight @ found.cyclic**2 / norm)
    hat = root * incidence @ np.linalg.pinv(root * incidence)
    assert found.by_chance == pytest.approx((len(counts.i) - np.trace(hat)) / norm)
    assert found.curl_share is not None and found.harmonic_share is not None
    assert found.curl_share + found.harmonic_share == pytest.approx(found.cyclic_share)


def test_a_ring_of_four_is_harmonic_and_a_complete_graph_has_no_hole() -> None:
    ring = np.zeros((4, 4))
    for k in range(4):
        ring[k, (k + 1) % 4], ring[(k + 1) % 4, k] = 9, 1
    found = hodge(counts_of(ring))
    assert found.cyclic_share == pytest.approx(1) and found.harmonic_share == pytest.approx(1)
    found = hodge(random_counts(6, np.random.default_rng(1)))
    assert found.harmonic_share == pytest.approx(0, abs=1e-9)


def test_counts_of_exact_scores_have_no_cyclic_part() -> None:
    P = scores_matrix(np.array([1.0, 0.3, 0, -0.8]))
    found = hodge(counts_of(P * 1e9))
    assert found.cyclic_share < 1e-9
    np.testing.assert_allclose(found.scores, np.array([1.0, 0.3, 0, -0.8]) - 0.125, atol=1e-6)


# -- the von Neumann winner -----------------------------------------------------------------------------------------


def test_the_winner_of_a_cycle_is_the_known_one() -> None:
    # With a over b by x, b over c by y and c over a by z, the winner is proportional to (y, z, x).
    x, y, z = 0.1, 0.2, 0.4
    P = np.array([[0.5, 0.5 + x, 0.5 - z], [0.5 - x, 0.5, 0.5 + y], [0.5 + z, 0.5 - y, 0.5]])
    found = von_neumann_winner(counts_of(100 * (P - np.diag(np.diag(P)))))
    assert found is not None and found.gap < 1e-9 and found.margin is None
    np.testing.assert_allclose(found.probabilities, np.array([y, z, x]) / (x + y + z), atol=1e-9)
    assert found.support == (1, 0, 2)


@pytest.mark.parametrize("seed", range(12))
def test_no_item_beats_the_winner_and_the_smith_set_is_the_smallest(seed: int) -> None:
    generator = np.random.default_rng(seed)
    counts = random_counts(6, generator, most=5, gaps=0.3 * (seed % 2))
    found = von_neumann_winner(counts)
    assert found is not None
    M = np.zeros((6, 6))
    M[counts.i, counts.j] = (counts.wins - counts.losses) / counts.totals / 2
    M -= M.T
    p = found.probabilities
    assert p.min() >= 0 and p.sum() == pytest.approx(1) and (p @ M).min() > -1e-9
    assert found.gap == pytest.approx(max(-(p @ M).min(), 0), abs=1e-12)
    subsets = [set(s) for size in range(1, 7) for s in combinations(range(6), size)]
    dominant = [s for s in subsets if all(M[a, b] > 0 for a in s for b in set(range(6)) - s)]
    assert set(smith_set(counts)) == min(dominant, key=len)
    if found.single:
        at = found.support[0]
        assert found.margin == pytest.approx(max(np.delete(M[at], at).min(), 0))


def test_equal_items_have_equal_parts_in_the_winner() -> None:
    counts = counts_of([[0, 20, 9], [20, 0, 9], [1, 1, 0]])
    found = von_neumann_winner(counts)
    assert found is not None and found.probabilities.tolist() == pytest.approx([0.5, 0.5, 0])
    # Of the lotteries that nothing beats, the nearest to the origin, by another solver.
    generator = np.random.default_rng(0)
    for _ in range(6):
        W = np.triu(generator.integers(-1, 2, (6, 6)), 1) * 10.0
        M = W - W.T
        found = von_neumann_winner(counts_of(np.maximum(M, 0) + 10 * (1 - np.eye(6))))
        start = minimize(
            lambda p: p @ p,
            np.full(6, 1 / 6),
            method="SLSQP",
            bounds=[(0, 1)] * 6,
            constraints=[{"type": "ineq", "fun": lambda p, M=M: p @ M}, {"type": "eq", "fun": lambda p: p.sum() - 1}],
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert found is not None and start.success and found.gap < 1e-9
        np.testing.assert_allclose(found.probabilities, start.x, atol=1e-4)


# -- position and length --------------------------------------------------------------------------------------------

# Admissions to Berkeley, fall 1973: men admitted, men rejected, women admitted, women rejected in departments A to F.
BERKELEY = (
    (512, 313, 89, 19),
    (353, 207, 17, 8),
    (120, 205, 202, 391),
    (138, 279, 131, 244),
    (53, 138, 94, 299),
    (22, 351, 24, 317),
)


def test_mantel_haenszel_on_the_published_table() -> None:
    shown: dict[tuple[int, int], list[int]] = {}
    for k, (a, b, c, d) in enumerate(BERKELEY):
        shown[2 * k, 2 * k + 1], shown[2 * k + 1, 2 * k] = [a, c], [d, b]
    factor, low, high, p = mantel_haenszel(shown)
    assert factor is not None and low is not None and high is not None and p is not None
    # R's mantelhaen.test(UCBAdmissions, correct = FALSE): 0.9046968, 0.7719074 to 1.0603298, X² = 1.5246, p = 0.2169.
    assert factor**2 == pytest.approx(0.9046968, abs=1e-6)
    assert (low**2, high**2) == pytest.approx((0.7719074, 1.0603298), abs=1e-6)
    assert p == pytest.approx(0.2169, abs=1e-4)


def test_merit_is_not_mistaken_for_position() -> None:
    generator = np.random.default_rng(3)
    scores = np.array([2.0, 0, -2])
    for effect in (0.0, 0.7):
        records = []
        for _ in range(6000):
            i, j = sorted(generator.choice(3, 2, replace=False))  # the better item is mostly shown first
            first = i if generator.random() < 0.9 else j
            won = generator.random() < sigmoid(scores[i] - scores[j] + effect * (1 if first == i else -1))
            records.append(Judgement(*((i, j) if won else (j, i)), first=first))
        found = position_effect(count(records).shown)
        assert found is not None and found.low is not None and found.high is not None
        assert found.first.share > 0.7  # by merit
        assert found.low < np.exp(effect) < found.high and (found.low > 1) == (effect > 0)


def test_a_share_has_wilsons_interval() -> None:
    z, n, p = 1.959964, 80, 0.6
    middle, reach = (
        (p + z * z / 2 / n) / (1 + z * z / n),
        z / (1 + z * z / n) * sqrt(p * (1 - p) / n + (z / 2 / n) ** 2),
    )
    found = share_of(48, 80)
    assert (found.low, found.high) == pytest.approx((middle - reach, middle + reach), abs=1e-6)


def test_length_is_correlated_over_both_signs() -> None:
    pairs = [(10, 5), (3, 8), (7, 7), (20, 1)]
    report = diagnose([Judgement("a", "b", winner_length=w, loser_length=lo) for w, lo in pairs])
    assert report.length is not None and (report.length.longer.count, report.length.longer.total) == (2, 3)
    d = np.array([log((1 + w) / (1 + lo)) for w, lo in pairs])
    expected = np.corrcoef(np.concatenate([np.ones(4), -np.ones(4)]), np.concatenate([d, -d]))[0, 1]
    assert report.length.correlation == pytest.approx(expected) and report.length.equal == 1


# -- what one reward throws away ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_misfit_is_the_distance_from_a_fit_by_another_optimiser(seed: int) -> None:
    counts = random_counts(5, np.random.default_rng(seed), most=60)
    won, lost = counts.wins, counts.losses

    def loss(s: Matrix) -> float:
        x = s[counts.i] - s[counts.j]
        return float(won @ np.logaddexp(0, -x) + lost @ np.logaddexp(0, x))

    best = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8}).fun
    saturated = sum(k * log(k / n) for part in (won, lost) for k, n in zip(part, counts.totals, strict=True) if k)
    found = misfit(counts, np.random.default_rng(0))
    assert found is not None and found.degrees_of_freedom == 10 - 4
    assert found.nats == pytest.approx((saturated + best) / counts.totals.sum(), abs=1e-7)


@pytest.mark.parametrize(("size", "answers", "method"), [(22, 3, "moments"), (10, 80, "chi-square")])
def test_the_excess_covers_its_true_value_and_the_test_keeps_its_size(size: int, answers: int, method: str) -> None:
    generator = np.random.default_rng(answers)
    covered, rejected, runs = 0, 0, 200
    i, j = np.triu_indices(size, 1)
    for _ in range(runs):
        s = generator.normal(0, 0.5, size)
        totals = np.full(len(i), float(answers))
        wins = generator.binomial(answers, sigmoid(s[i] - s[j])).astype(float)
        found = misfit(WinCounts(size, i, j, wins, totals - wins, np.zeros(len(i))), generator)
        assert found is not None and (found.method, found.thin) == (method, method == "moments")
        assert found.excess.low <= found.excess.value <= found.excess.high
        covered += found.excess.low <= 0 <= found.excess.high
        rejected += found.p_value < 0.05
    assert covered >= 0.9 * runs and rejected <= 0.1 * runs  # of 95 and 5 %


def test_nothing_is_said_of_the_fit_where_answers_are_too_few() -> None:
    i, j = np.triu_indices(5, 1)
    for answers in (1, 7):  # 20 for each of 4 scores are needed
        wins = np.full(10, float(answers // 2 + 1))
        assert misfit(WinCounts(5, i, j, wins, answers - wins, np.zeros(10)), np.random.default_rng(0)) is None


def test_few_pairs_are_compared_with_drawn_data() -> None:
    generator = np.random.default_rng(0)
    i, j = np.triu_indices(5, 1)
    rejected = 0
    for _ in range(40):
        s = generator.normal(0, 0.5, 5)
        wins = generator.binomial(8, sigmoid(s[i] - s[j])).astype(float)
        found = misfit(WinCounts(5, i, j, wins, 8 - wins, np.zeros(10)), generator)
        assert found is not None and found.method == "bootstrap"
        rejected += found.p_value < 0.05
    assert rejected <= 6  # of 2 expected


def test_the_excess_of_a_cycle_is_its_divergence() -> None:
    P = np.array([[0, 0.7, 0.3], [0.3, 0, 0.7], [0.7, 0.3, 0]])
    truth = log(2) + 0.7 * log(0.7) + 0.3 * log(0.3)  # from the nearest scores, which are all equal
    report = diagnose(drawn(P, 3000, np.random.default_rng(1)))
    assert report.misfit is not None and report.misfit.excess.low < truth < report.misfit.excess.high
    assert report.misfit.excess.high - report.misfit.excess.low < 0.05


def test_exact_moments_agree_with_drawn_data() -> None:
    generator = np.random.default_rng(5)
    i, j = np.triu_indices(30, 1)  # more pairs than are drawn for
    s = generator.normal(0, 1, 30)
    totals = generator.integers(1, 6, len(i))
    wins = generator.binomial(totals, sigmoid(s[i] - s[j])).astype(float)
    counts = WinCounts(30, i, j, wins, totals - wins, np.zeros(len(i)))
    found = misfit(counts, generator)
    assert found is not None and found.method == "moments"
    again = []
    for _ in range(60):
        redrawn = generator.binomial(totals, sigmoid(s[i] - s[j])).astype(float)
        other = misfit(WinCounts(30, i, j, redrawn, totals - redrawn, np.zeros(len(i))), generator)
        assert other is not None
        again.append(other.statistic / other.answers / 2 - other.by_chance)
    assert abs(np.mean(again)) < 4 * np.std(again) / sqrt(60)
    spread = (found.excess.high - found.excess.low) / 2 / 1.96
    assert 0.7 < np.std(again) / spread < 1.4


def test_held_out_answers_are_not_seen() -> None:
    # Coin tosses, each pair asked twice: a predictor that saw an answer would be right about it.
    generator = np.random.default_rng(2)
    half = np.full((40, 40), 0.5)
    found = predict(count(drawn(half, 1500, generator)).answers(), 40, generator)
    assert found is not None and found.answers == 1500
    for prediction in found.predictions:
        assert abs(prediction.wrong - 0.5) < 4 * 0.5 / sqrt(1500) and prediction.nats > log(2) - 0.01


def test_close_pairs_are_dealt_evenly() -> None:
    # With 30 to 20 every four fifths of the answers lean the same way, so that 40 % are predicted wrongly.
    for seed in range(5):
        found = predict(count([("a", "b")] * 30 + [("b", "a")] * 20).answers(), 2, np.random.default_rng(seed))
        assert found is not None and [p.wrong for p in found.predictions] == pytest.approx([0.4, 0.4])


def test_pairs_predict_a_cycle_and_judges_their_own_taste() -> None:
    generator = np.random.default_rng(4)
    P = np.array([[0, 0.9, 0.1], [0.1, 0, 0.9], [0.9, 0.1, 0]])
    found = predict(count(drawn(P, 3000, generator)).answers(), 3, generator)
    assert found is not None and (pair := found["pair"]) is not None and (reward := found["reward"]) is not None
    assert abs(pair.wrong - 0.1) < 0.02 and reward.wrong > 0.3 and found.clusters == 0
    assert pair.wrong_saved.low < reward.wrong - pair.wrong < pair.wrong_saved.high
    taste = scores_matrix(np.array([2.0, 0, -2]))
    records = [r for k in range(24) for r in drawn(taste if k % 2 else taste.T, 60, generator, judge=k)]
    found = predict(count(records).answers(), 3, generator)
    assert found is not None and found.clusters == 24 and (judge := found["judge"]) is not None
    assert judge.wrong < 0.2 and judge.nats_saved.low > 0.2
