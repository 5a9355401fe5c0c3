"""DPO and IPO on distributions, against general optimisers over policies, and against a fitted reward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit, softmax

from solvers.rewards.direct import Array, dpo, ipo, margins, rewards
from solvers.rewards.pairwise.strengths import bradley_terry

CYCLE = np.array([[0.0, 9.0, 1.0], [1.0, 0.0, 9.0], [9.0, 1.0, 0.0]])


def drawn(seed: int, items: int = 5, high: int = 9) -> tuple[Array, Array]:
    """Counts in which every item wins and loses, and a reference."""
    source = np.random.default_rng(seed)
    counts = source.integers(1, high, size=(items, items)).astype(float)
    np.fill_diagonal(counts, 0)
    return counts, softmax(source.standard_normal(items))


def dpo_loss(log_ratio: Array, counts: Array, tau: float) -> float:
    return -float(np.sum(counts * log_expit(tau * (log_ratio[:, None] - log_ratio))))


def ipo_loss(log_ratio: Array, counts: Array, tau: float) -> float:
    return float(np.sum(counts * (log_ratio[:, None] - log_ratio - 1 / (2 * tau)) ** 2))


def searched(loss: Callable[[Array, Array, float], float], counts: Array, reference: Array, tau: float) -> Array:
    """The best policy that a general optimiser finds, which knows the loss of a policy only."""

    def of_logits(logits: Array) -> float:
        return loss(np.log(softmax(logits) / reference), counts, tau)

    found = minimize(of_logits, np.log(reference), method="BFGS", options={"gtol": 1e-9, "maxiter": 5000})
    return np.asarray(softmax(found.x))


@pytest.mark.parametrize("tau", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(3))
def test_a_general_optimiser_over_policies_finds_the_same(seed: int, tau: float) -> None:
    counts, reference = drawn(seed)
    np.testing.assert_allclose(dpo(counts, reference, tau), searched(dpo_loss, counts, reference, tau), atol=2e-6)
    np.testing.assert_allclose(ipo(counts, reference, tau), searched(ipo_loss, counts, reference, tau), atol=2e-6)


@pytest.mark.parametrize("seed", range(5))
def test_dpo_is_fitting_a_reward_and_optimising_it(seed: int) -> None:
    counts, reference = drawn(seed, items=7)
    scores = bradley_terry(counts).scores
    np.testing.assert_allclose(rewards(counts), scores, atol=1e-8)
    np.testing.assert_allclose(dpo(counts, reference, 0.5), softmax(np.log(reference) + scores / 0.5), atol=1e-8)


@pytest.mark.parametrize("tau", [0.25, 2.0])
def test_steps_are_those_of_gradient_descent_on_the_logits(tau: float) -> None:
    counts, reference = drawn(4)
    comparisons = counts.sum()
    share = ((counts + counts.T).sum(1) / comparisons).max()
    logits = np.log(reference)
    for steps in range(1, 15):
        # The derivative of DPO's mean loss by the log-ratios; the constant of the softmax cancels in differences.
        h = logits - np.log(reference)
        pull = counts * softmax(np.stack([0 * (h[:, None] - h), tau * (h[:, None] - h)]), axis=0)[0]
        gradient = -tau * (pull.sum(1) - pull.sum(0)) / comparisons
        epsilon = np.eye(5)[0] * 1e-6
        numeric = (dpo_loss(h + epsilon, counts, tau) - dpo_loss(h - epsilon, counts, tau)) / (2e-6 * comparisons)
        assert gradient[0] == pytest.approx(numeric, abs=1e-7)
        logits = logits - 2 / (tau**2 * share) * gradient
        np.testing.assert_allclose(dpo(counts, reference, tau, steps=steps), softmax(logits), atol=1e-12)


def test_steps_lower_the_loss_and_end_at_the_optimum() -> None:
    counts, _ = drawn(1)
    losses = [dpo_loss(rewards(counts, steps=k), counts, 1.0) for k in range(12)]
    assert losses == sorted(losses, reverse=True) and losses[0] > losses[-1]
    np.testing.assert_allclose(rewards(counts, steps=2000), rewards(counts), atol=1e-9)


def test_ipo_on_endless_data_is_the_best_response_to_the_reference() -> None:
    source = np.random.default_rng(8)
    reference = softmax(source.standard_normal(6))
    A = np.triu(source.uniform(-0.5, 0.5, size=(6, 6)), 1)
    A = A - A.T
    pairs = reference[:, None] * reference * (1 - np.eye(6))
    expected = softmax(np.log(reference) + A @ reference / 0.2)
    np.testing.assert_allclose(ipo(pairs * (A + 0.5), reference, 0.2), expected, atol=1e-12)


def test_a_cycle_leaves_the_reference_as_it_is() -> None:
    reference = np.array([0.5, 0.3, 0.2])
    np.testing.assert_allclose(dpo(CYCLE, reference, 0.1), reference, atol=1e-12)
    np.testing.assert_allclose(ipo(CYCLE, reference, 0.1), reference, atol=1e-12)


def test_two_items_have_a_closed_form() -> None:
    counts, reference = np.array([[0.0, 3.0], [1.0, 0.0]]), np.array([0.25, 0.75])
    odds = (0.25 * 3**2) / 0.75  # μ_0 / μ_1 times the odds of winning to the power 1 / τ, τ = 1/2
    assert dpo(counts, reference, 0.5)[0] == pytest.approx(odds / (1 + odds), abs=1e-12)
    odds = 0.25 / 0.75 * np.exp(0.25 / 0.5)  # h_0 - h_1 = (P - 1/2) / τ
    assert ipo(counts, reference, 0.5)[0] == pytest.approx(odds / (1 + odds), abs=1e-12)


def test_a_prior_is_comparisons_half_of_them_won() -> None:
    counts, reference = drawn(2)
    counts[1:, 0] = 0  # item 0 never lost
    more = counts + 0.75 * (1 - np.eye(5))
    np.testing.assert_allclose(dpo(counts, reference, 1.0, prior=1.5), dpo(more, reference, 1.0), atol=1e-12)
    np.testing.assert_allclose(ipo(counts, reference, 1.0, prior=1.5), ipo(more, reference, 1.0), atol=1e-12)


def test_lopsided_counts_converge() -> None:
    counts = np.array([[0.0, 1e6, 1e6], [1e-3, 0.0, 1e6], [1e-3, 1e-3, 0.0]])
    r = rewards(counts)
    odds = 1 / (1 + np.exp(r - r[:, None]))
    expected = ((counts + counts.T) * odds).sum(1)
    np.testing.assert_allclose(counts.sum(1), expected, rtol=1e-9, atol=1e-9)  # the likelihood's derivative is 0


def test_a_batch_is_its_members() -> None:
    members = [drawn(seed) for seed in range(6)]
    counts = np.stack([c for c, _ in members]).reshape(2, 3, 5, 5)
    references = np.stack([mu for _, mu in members]).reshape(2, 3, 5)
    for method in (dpo, ipo):
        together = method(counts, references, 0.7, prior=0.5).reshape(6, 5)
        for policy, (c, mu) in zip(together, members, strict=True):
            np.testing.assert_allclose(policy, method(c, mu, 0.7, prior=0.5), atol=1e-12)


EVEN = np.full(3, 1 / 3)
WINNER = np.array([[0.0, 2.0, 1.0], [0.0, 0.0, 3.0], [0.0, 1.0, 0.0]])
PARTS = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
BAD: list[tuple[str, tuple[Any, Any, Any], dict[str, Any]]] = [
    ("counts", (np.zeros((3, 2)), EVEN, 1.0), {"prior": 1}),
    ("counts", (np.zeros((1, 1)), np.ones(1), 1.0), {"prior": 1}),
    ("counts", (-CYCLE, EVEN, 1.0), {}),
    ("counts", (np.where(CYCLE == 9, np.inf, CYCLE), EVEN, 1.0), {}),
    ("counts", (CYCLE + np.eye(3), EVEN, 1.0), {}),
    ("counts", (PARTS, EVEN, 1.0), {}),
    ("reference", (CYCLE, np.array([0.5, 0.5]), 1.0), {}),
    ("reference", (CYCLE, np.array([0.5, 0.5, 0.0]), 1.0), {}),
    ("reference", (CYCLE, np.array([0.5, 0.5, 0.5]), 1.0), {}),
    ("tau", (CYCLE, EVEN, 0.0), {}),
    ("tau", (CYCLE, EVEN, float("nan")), {}),
    ("prior", (CYCLE, EVEN, 1.0), {"prior": -1}),
]


@pytest.mark.parametrize(("argument", "given", "options"), BAD)
@pytest.mark.parametrize("method", [dpo, ipo])
def test_bad_input_is_named(
    method: Callable[..., Array], argument: str, given: tuple[Any, Any, Any], options: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=f"^{argument}: "):
        method(*given, **options)


def test_an_item_that_never_lost_has_no_best_dpo_policy_but_an_ipo_policy() -> None:
    with pytest.raises(ValueError, match=r"^counts: there is no single optimum: .* fall into 2 parts; give a prior"):
        dpo(WINNER, EVEN, 1.0)
    assert np.isfinite(margins(WINNER)).all() and ipo(WINNER, EVEN, 1.0).argmax() == 0
    assert dpo(WINNER, EVEN, 1.0, steps=50).argmax() == 0
    with pytest.raises(ValueError, match=r"^steps: "):
        dpo(WINNER, EVEN, 1.0, steps=-1)
