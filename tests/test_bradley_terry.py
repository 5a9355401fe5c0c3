"""Bradley–Terry scores against general optimisers, linear programs, a published table, and words for what is amiss."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.sparse import csr_array
from scipy.stats import chi2, norm

from solvers.rewards.pairwise import newton
from solvers.rewards.pairwise.pair_likelihoods import LIKELIHOODS
from solvers.rewards.pairwise.strengths import BradleyTerry, bradley_terry
from solvers.rewards.pairwise.win_counts import read_counts

# Agresti, Categorical Data Analysis (2nd ed. 2002), table 10.10: games among seven baseball teams in 1987, 13 a pair.
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ]
)
CYCLE = [[0, 9, 1], [1, 0, 9], [9, 1, 0]]
KINDS = ("logit", "probit", "davidson", "rao-kupper")


def random_counts(generator: np.random.Generator, size: int, mean: float = 4.0) -> np.ndarray[Any, Any]:
    counts = generator.poisson(mean, (size, size)).astype(float)
    np.fill_diagonal(counts, 0)
    return counts


def random_ties(generator: np.random.Generator, size: int, mean: float = 2.0) -> np.ndarray[Any, Any]:
    upper = np.triu(generator.poisson(mean, (size, size)), 1).astype(float)
    return upper + upper.T


def direct(kind: str, counts: Any, ties: Any, ridge: float = 0.0) -> tuple[np.ndarray[Any, Any], float, float]:
    """Scores, tie parameter and log-likelihood by a general optimiser, from the model of strengths."""
    size = len(counts)

    def log_likelihood(s: Any, parameter: float) -> float:
        total = 0.0
        for i, j in combinations(range(size), 2):
            x = s[i] - s[j]
            p, q = np.exp(s[i]), np.exp(s[j])
            if kind == "probit":
                parts = norm.cdf(x), norm.cdf(-x), 1.0
            elif kind == "davidson":
                root = parameter * np.sqrt(p * q)
                parts = p / (p + q + root), q / (p + q + root), root / (p + q + root)
            else:  # with θ = 1 Bradley and Terry's
                first, second = p / (p + parameter * q), q / (q + parameter * p)
                parts = first, second, 1 - first - second
            observed = counts[i][j], counts[j][i], ties[i][j]
            total += sum(k * np.log(part) for k, part in zip(observed, parts, strict=True) if k)
        return float(total)

    def parameter_of(t: float) -> float:
        return float(np.exp(t)) if kind == "davidson" else 1 + float(np.exp(t)) if kind == "rao-kupper" else 1.0

    def loss(z: Any) -> float:
        s = np.array([*z[:-1], -z[:-1].sum()])
        return 0.5 * ridge * float(s @ s) - log_likelihood(s, parameter_of(z[-1]))

    found = minimize(loss, np.zeros(size), method="BFGS", options={"gtol": 1e-7})
    s = np.array([*found.x[:-1], -found.x[:-1].sum()])
    return s, parameter_of(found.x[-1]), log_likelihood(s, parameter_of(found.x[-1]))


def fit(kind: str, counts: Any, ties: Any, ridge: float = 0.0) -> BradleyTerry:
    if kind in ("logit", "probit"):
        return bradley_terry(counts, model=kind, regularisation=ridge)
    return bradley_terry(counts, ties=ties, tie_model=kind, regularisation=ridge)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_the_maximum_is_that_of_a_general_optimiser(kind: str, ridge: float) -> None:
    generator = np.random.default_rng(3)
    for size in (2, 3, 6):
        counts, ties = random_counts(generator, size) + 1 - np.eye(size), random_ties(generator, size)
        ties = ties if kind in ("davidson", "rao-kupper") else np.zeros((size, size))
        scores, parameter, value = direct(kind, counts, ties, ridge)
        found = fit(kind, counts, ties, ridge)
        assert found.converged
        np.testing.assert_allclose(found.scores, scores, atol=2e-5)
        assert found.log_likelihood == pytest.approx(value, abs=1e-7)
        assert abs(found.scores.sum()) < 1e-12
        if found.tie_parameter is not None:
            assert found.tie_parameter == pytest.approx(parameter, abs=2e-5)


def test_the_published_table_of_baseball() -> None:
    """Scores, standard errors and deviance as printed by Agresti, and by Turner and Firth's BradleyTerry2 (2012)."""
    found = bradley_terry(BASEBALL, items=TEAMS)
    printed = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839]
    np.testing.assert_allclose(found.scores[:-1] - found.scores[-1], printed, atol=6e-5)
    v = found.covariance
    errors = np.sqrt(np.diagonal(v) + v[-1, -1] - 2 * v[-1])[:-1]
    np.testing.assert_allclose(errors, [0.3433, 0.3396, 0.3367, 0.3359, 0.3339, 0.3319], atol=6e-5)
    assert found.goodness_of_fit.statistic == pytest.approx(15.74, abs=0.005)
    assert found.goodness_of_fit.degrees_of_freedom == 15
    assert found.goodness_of_fit.p_value == pytest.approx(chi2.sf(found.goodness_of_fit.statistic, 15), abs=1e-12)
    assert "Detroit over Toronto over New York over Detroit" in str(found.diagnosis)
    assert not found.diagnosis.misfit


# -- when the maximum exists ----------------------------------------------------------------------------------------


def recedes(counts: Any, ties: Any, tied: bool) -> bool:
    """Whether the likelihood has no unique maximum: a linear program for a direction in which it never falls."""
    size = len(counts)
    rows = []

    def row(i: int, j: int, by_i: float, by_tie: float) -> None:
        entry = np.zeros(size + 1)
        entry[i], entry[j], entry[-1] = by_i, -by_i, by_tie
        rows.append(entry)

    for i, j in product(range(size), repeat=2):
        if i != j and counts[i][j]:
            row(i, j, -1.0, 2.0 if tied else 0.0)  # 2 δ <= d_i - d_j
        if i != j and ties[i][j]:
            row(i, j, 1.0, -2.0 if tied else 0.0)  # d_i - d_j <= 2 δ
    bounds = [(0, 0), *[(-1, 1)] * (size - 1), (-1, 1) if tied else (0, 0)]
    for k, sign in product(range(1, size + 1), (1, -1)):
        aim = np.zeros(size + 1)
        aim[k] = sign
        found = linprog(aim, A_ub=np.array(rows), b_ub=np.zeros(len(rows)), bounds=bounds)
        if found.fun < -1e-7:
            return True
    return False


@pytest.mark.parametrize("tie_model", ["none", "davidson", "rao-kupper"])
def test_it_converges_exactly_if_no_direction_of_recession_exists(tie_model: str) -> None:
    generator = np.random.default_rng(5)
    seen = {True: 0, False: 0}
    for _ in range(60):
        size = int(generator.integers(2, 6))
        counts = random_counts(generator, size, generator.choice([0.3, 0.7, 1.5]))
        ties = random_ties(generator, size, 0.4) if tie_model != "none" else np.zeros((size, size))
        if not counts.any() and not ties.any():
            continue
        found = bradley_terry(counts) if tie_model == "none" else bradley_terry(counts, ties=ties, tie_model=tie_model)
        diverges = recedes(counts, ties, bool(ties.any()))
        seen[diverges] += 1
        assert found.converged is not diverges
        assert np.isnan(found.scores).all() == diverges
        assert np.isnan(found.standard_errors).all() == diverges
        said = found.diagnosis
        if diverges:
            assert said.separable or said.disconnected or not counts.any()
        else:
            assert not said.separable and not said.disconnected and said.groups == ()
    assert min(seen.values()) > 5


def test_the_supremum_is_approached_by_weaker_and_weaker_priors() -> None:
    generator = np.random.default_rng(6)
    for _ in range(10):
        counts, ties = random_counts(generator, 5, 0.6), random_ties(generator, 5, 0.2)
        counts[0, 1] += 1
        found = bradley_terry(counts, ties=ties)
        near = bradley_terry(counts, ties=ties, regularisation=1e-7)
        assert near.converged and near.log_likelihood == pytest.approx(found.log_likelihood, abs=1e-3)
        assert near.log_likelihood <= found.log_likelihood + 1e-9


def test_separable_groups_are_in_order() -> None:
    found = bradley_terry([[0, 0, 0, 0], [3, 0, 1, 2], [1, 2, 0, 0], [5, 0, 0, 0]], items="abcd")
    assert not found.converged and np.isnan(found.scores).all()
    assert found.diagnosis.separable and found.diagnosis.groups == ((1, 2), (3,), (0,))
    assert "separable: 3 groups; {b, c} never lost to the others" in str(found.diagnosis)
    assert not found.diagnosis.disconnected
    assert bradley_terry([[0, 0, 0, 0], [3, 0, 1, 2], [1, 2, 0, 0], [5, 0, 0, 0]], regularisation=0.1).converged


def test_wins_and_a_tie_but_never_a_loss_diverge() -> None:
    """Five wins and a tie: the chance of a loss is estimated as zero, though a tie links both ways."""
    found = bradley_terry([[0, 5], [0, 0]], ties=[[0, 1], [1, 0]])
    assert not found.converged and found.diagnosis.separable and found.diagnosis.groups == ((0,), (1,))
    assert found.tie_parameter is not None and np.isnan(found.tie_parameter)
    assert bradley_terry([[0, 5], [0, 0]], ties=[[0, 1], [1, 0]], tie_model="half").converged


def test_nothing_but_ties() -> None:
    for ridge in (0.0, 1.0):
        found = bradley_terry([[0, 0], [0, 0]], ties=[[0, 4], [4, 0]], regularisation=ridge)
        assert not found.converged and "Every comparison is a tie" in str(found.diagnosis)
    np.testing.assert_allclose(bradley_terry(np.zeros((2, 2)), ties=[[0, 4], [4, 0]], tie_model="half").scores, 0)


def test_disconnected() -> None:
    counts = [[0, 5, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 3, 0]]
    found = bradley_terry(counts)
    assert not found.converged and np.isnan(found.scores).all()
    assert found.diagnosis.disconnected and found.diagnosis.components == ((0, 1), (2, 3))
    assert not found.diagnosis.separable and "disconnected" in str(found.diagnosis)
    first, second = (bradley_terry(part) for part in ([[0, 5], [1, 0]], [[0, 2], [3, 0]]))
    assert found.log_likelihood == pytest.approx(first.log_likelihood + second.log_likelihood)
    assert found.goodness_of_fit.degrees_of_freedom == 0
    with_prior = bradley_terry(counts, regularisation=0.5)
    assert with_prior.converged and with_prior.diagnosis.disconnected
    np.testing.assert_allclose(with_prior.scores[:2], bradley_terry([[0, 5], [1, 0]], regularisation=0.5).scores)


# -- diagnosis ------------------------------------------------------------------------------------------------------


def test_rock_paper_scissors_is_called_intransitive_and_a_misfit() -> None:
    found = bradley_terry(CYCLE, items=("rock", "scissors", "paper"))
    assert found.converged
    np.testing.assert_allclose(found.scores, 0, atol=1e-12)
    assert found.diagnosis.intransitive and found.diagnosis.misfit and found.diagnosis.cycle == (0, 1, 2)
    assert "intransitive: most prefer rock over scissors over paper over rock" in str(found.diagnosis)
    deviance = 2 * 3 * (9 * np.log(0.9 / 0.5) + np.log(0.1 / 0.5))
    assert found.goodness_of_fit.statistic == pytest.approx(deviance)
    assert found.goodness_of_fit.degrees_of_freedom == 1


def test_a_fit_prints_as_a_table() -> None:
    lines = str(bradley_terry(BASEBALL, items=TEAMS)).splitlines()
    assert lines[0].split() == ["item", "score", "s.e."] and lines[1].split()[:2] == ["Milwaukee", "0.531"]
    assert any(line.startswith("deviance 15.74 on 15") for line in lines) and "intransitive" in lines[-3]
    assert "nan" in str(bradley_terry([[0, 1], [0, 0]]))


def test_data_from_the_model_meet_no_objection() -> None:
    s = np.array([1.0, 0.4, -0.3, -1.1])
    p = 1 / (1 + np.exp(s[None, :] - s[:, None]))
    counts = 1000 * p * (1 - np.eye(4))
    found = bradley_terry(counts)
    np.testing.assert_allclose(found.scores, s - s.mean(), atol=1e-9)
    assert "no objection" in str(found.diagnosis) and found.diagnosis.advice
    assert found.goodness_of_fit.statistic == pytest.approx(0, abs=1e-8)


def test_standard_errors_are_the_spread_of_estimates() -> None:
    generator = np.random.default_rng(7)
    s = np.array([0.8, 0.1, -0.2, -0.7])
    i, j = np.triu_indices(4, 1)
    estimates, stated = [], []
    for _ in range(400):
        counts = np.zeros((4, 4))
        counts[i, j] = generator.binomial(100, 1 / (1 + np.exp(s[j] - s[i])))
        counts[j, i] = 100 - counts[i, j]
        found = bradley_terry(counts)
        estimates.append(found.scores)
        stated.append(found.standard_errors)
    spread = np.std(estimates, axis=0)
    np.testing.assert_allclose(np.mean(stated, axis=0), spread, rtol=0.12)  # three standard errors of 400 draws


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_the_covariance_inverts_the_information(kind: str, ridge: float) -> None:
    generator = np.random.default_rng(8)
    size, h = 5, 1e-4
    counts, ties = random_counts(generator, size) + 1 - np.eye(size), random_ties(generator, size)
    found = fit(kind, counts, ties, ridge)
    held = read_counts(counts, ties if kind in ("davidson", "rao-kupper") else None)
    tied = kind in ("davidson", "rao-kupper")
    parameter = found.tie_parameter
    tie = float(np.log(parameter)) if tied and parameter is not None else 0.0

    def value(z: Any) -> float:
        s = z[:size]
        penalty = 0.5 * ridge * float(s @ s)
        return LIKELIHOODS[kind](held, s[held.i] - s[held.j], tie + z[-1]).value - penalty

    at, e = np.array([*found.scores, 0.0]), np.eye(size + 1) * h
    hessian = np.array(
        [
            [(value(at + a + b) - value(at + a - b) - value(at - a + b) + value(at - a - b)) / (4 * h * h) for b in e]
            for a in e
        ]
    )
    information = -hessian if tied else -hessian[:size, :size]
    basis = np.linalg.svd(np.ones((1, size)))[2][1:]  # of the scores of mean zero
    basis = np.block([[basis, np.zeros((size - 1, 1))], [np.zeros((1, size)), np.ones((1, 1))]]) if tied else basis
    expected = (basis.T @ np.linalg.inv(basis @ information @ basis.T) @ basis)[:size, :size]
    np.testing.assert_allclose(found.covariance, expected, atol=2e-6)
    np.testing.assert_allclose(found.standard_errors_of(range(size)), found.standard_errors, rtol=1e-7)


def test_the_bootstrap_rejects_the_cycle_and_not_the_model() -> None:
    generator = np.random.default_rng(9)
    cycle = bradley_terry(CYCLE, bootstrap=199, generator=generator)
    assert cycle.goodness_of_fit.method == "parametric bootstrap" and cycle.goodness_of_fit.p_value <= 0.01
    assert cycle.diagnosis.misfit
    assert bradley_terry(BASEBALL).test_of_fit(generator, 199).p_value == pytest.approx(0.4, abs=0.15)  # χ²: 0.40
    thin = bradley_terry([[0, 1, 0], [0, 0, 1], [1, 0, 0]])
    assert thin.goodness_of_fit.thin and not thin.diagnosis.misfit and "ask for a bootstrap" in str(thin.diagnosis)
    with pytest.raises(ValueError, match="whole numbers"):
        bradley_terry([[0, 1.5], [1, 0]]).test_of_fit(generator, 9)


def test_degrees_of_freedom_and_thin_counts() -> None:
    ties = [[0, 1, 2], [1, 0, 3], [2, 3, 0]]
    with_ties = bradley_terry([[0, 5, 3], [2, 0, 4], [1, 3, 0]], ties=ties).goodness_of_fit
    assert with_ties.degrees_of_freedom == 3 * 2 - 2 - 1 and with_ties.thin  # most expected counts are below 5
    thick = bradley_terry(np.full((4, 4), 10) * (1 - np.eye(4, dtype=int))).goodness_of_fit
    assert thick.degrees_of_freedom == 6 - 3 and not thick.thin and thick.p_value == 1.0


def test_sparse_factors_serve_disconnected_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.kron(np.eye(2), BASEBALL)
    full = bradley_terry(counts)
    monkeypatch.setattr(newton, "DENSE", 0)
    monkeypatch.setattr(newton, "ROUNDS", 1)
    monkeypatch.setattr(newton, "FEW", 10**6)
    factored = bradley_terry(counts)
    assert factored.log_likelihood == pytest.approx(full.log_likelihood) and factored.iterations < 10


def test_the_bootstrap_holds_its_level_where_ties_are_rare() -> None:
    """Many data sets that are drawn have no tie at all, and are fitted without a tie parameter."""
    generator = np.random.default_rng(18)
    small = 0
    for _ in range(60):
        drawn = generator.multinomial(20, [0.49, 0.49, 0.02], 3)
        counts, ties = np.zeros((2, 3, 3))
        i, j = np.triu_indices(3, 1)
        counts[i, j], counts[j, i], ties[i, j], ties[j, i] = drawn[:, 0], drawn[:, 1], drawn[:, 2], drawn[:, 2]
        test = bradley_terry(counts, ties=ties, bootstrap=39, generator=generator).goodness_of_fit
        small += test.p_value <= 0.1
    assert small <= 15  # 6 are expected; more with a chance of about 0.001


def test_chi_square_rejects_true_models_as_often_as_it_says() -> None:
    generator = np.random.default_rng(17)
    s, (i, j) = np.array([1.0, 0.3, 0.0, -0.4, -0.9]), np.triu_indices(5, 1)
    rejected = 0
    for _ in range(400):
        counts = np.zeros((5, 5))
        counts[i, j] = generator.binomial(60, 1 / (1 + np.exp(s[j] - s[i])))
        counts[j, i] = 60 - counts[i, j]
        test = bradley_terry(counts).goodness_of_fit
        assert test.degrees_of_freedom == 6 and not test.thin
        rejected += test.p_value < 0.05
    assert 6 <= rejected <= 36  # 20 are expected; outside with a chance of about 0.001


# -- sizes and numbers ----------------------------------------------------------------------------------------------


def sampled(generator: np.random.Generator, size: int, comparisons: int) -> Any:
    s = generator.normal(size=size)
    i = generator.integers(size, size=comparisons)
    j = (i + 1 + generator.integers(size - 1, size=comparisons)) % size
    first = generator.random(comparisons) < 1 / (1 + np.exp(s[j] - s[i]))
    counts = (np.ones(comparisons), (np.where(first, i, j), np.where(first, j, i)))
    return csr_array(counts, (size, size))


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_conjugate_gradients_and_sparse_factors_agree_with_the_full_matrix(
    monkeypatch: pytest.MonkeyPatch, ridge: float
) -> None:
    counts = sampled(np.random.default_rng(10), 60, 900)
    full = bradley_terry(counts, regularisation=ridge)
    monkeypatch.setattr(newton, "DENSE", 0)
    iterative = bradley_terry(counts, regularisation=ridge)
    monkeypatch.setattr(newton, "ROUNDS", 1)
    monkeypatch.setattr(newton, "FEW", 10**6)
    factored = bradley_terry(counts, regularisation=ridge)
    assert full.converged and iterative.converged and factored.converged
    np.testing.assert_allclose(iterative.scores, full.scores, atol=1e-9)
    np.testing.assert_allclose(factored.scores, full.scores, atol=1e-9)
    np.testing.assert_allclose(factored.standard_errors_of([3]), full.standard_errors[3], atol=1e-9)


def test_a_long_chain_has_its_closed_form() -> None:
    """Each item met its neighbour only: the difference of their scores is the log of the ratio of wins."""
    size, generator = 2000, np.random.default_rng(11)
    i = np.arange(size - 1)
    forth, back = generator.integers(1, 9, (2, size - 1)).astype(float)
    counts = csr_array((np.r_[forth, back], (np.r_[i, i + 1], np.r_[i + 1, i])), (size, size))
    found = bradley_terry(counts)
    assert found.converged
    np.testing.assert_allclose(-np.diff(found.scores), np.log(forth / back), atol=1e-7)
    assert found.goodness_of_fit.degrees_of_freedom == 0


@pytest.mark.slow
def test_ten_thousand_items_and_a_million_comparisons() -> None:
    counts = sampled(np.random.default_rng(12), 10_000, 1_000_000)
    found = bradley_terry(counts)
    assert found.converged and found.gradient_norm < 1e-9
    s, dense = found.scores, counts.tocoo()
    fitted = 1 / (1 + np.exp(s[dense.coords[1]] - s[dense.coords[0]]))  # of the winner
    balance = np.bincount(dense.coords[0], dense.data * (1 - fitted), len(s))
    balance -= np.bincount(dense.coords[1], dense.data * (1 - fitted), len(s))
    assert np.abs(balance).max() < 1e-6
    assert np.isfinite(found.standard_errors_of([0, 17])).all() and found.diagnosis.intransitive


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_the_scale_of_weights_does_not_matter(scale: float) -> None:
    found, scaled = bradley_terry(BASEBALL), bradley_terry(BASEBALL * scale)
    assert scaled.converged
    np.testing.assert_allclose(scaled.scores, found.scores, atol=1e-8)


def test_weights_of_many_magnitudes_give_the_closed_form() -> None:
    counts = [[0, 1e9, 0], [1, 0, 3e-6], [0, 1e-6, 0]]
    found = bradley_terry(counts)
    assert found.converged
    np.testing.assert_allclose(-np.diff(found.scores), [np.log(1e9), np.log(3)], atol=1e-6)


def test_ties_of_zero_and_ties_as_halves() -> None:
    zeros = np.zeros((7, 7))
    for tie_model, parameter in (("davidson", 0.0), ("rao-kupper", 1.0), ("half", None)):
        found = bradley_terry(BASEBALL, ties=zeros, tie_model=tie_model)
        assert found.tie_parameter == parameter
        np.testing.assert_array_equal(found.scores, bradley_terry(BASEBALL).scores)
    ties = random_ties(np.random.default_rng(14), 7)
    halves = bradley_terry(BASEBALL, ties=ties, tie_model="half")
    np.testing.assert_allclose(halves.scores, bradley_terry(BASEBALL + ties / 2).scores, atol=1e-12)
    assert "halves" in halves.goodness_of_fit.note


def test_an_item_that_was_never_compared_has_the_score_of_the_prior() -> None:
    counts = np.zeros((4, 4))
    counts[:3, :3] = [[0, 3, 1], [1, 0, 2], [2, 1, 0]]
    found = bradley_terry(counts, regularisation=1e-3)
    assert found.converged and found.scores[3] == pytest.approx(0, abs=1e-9) and found.diagnosis.disconnected
    assert not bradley_terry(counts).converged


def test_a_tie_parameter_that_grows_without_bound_does_not_overflow() -> None:
    counts, ties = [[0, 1e6, 0], [0, 0, 1e-6], [0, 0, 0]], [[0, 1, 0], [1, 0, 1e6], [0, 1e6, 0]]
    for tie_model in ("davidson", "rao-kupper"):
        with np.errstate(over="raise", invalid="raise"):
            found = bradley_terry(counts, ties=ties, tie_model=tie_model)
            assert not found.converged and found.diagnosis.separable
