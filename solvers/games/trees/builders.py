"""Symmetric games over trees: of a process and its preference, and of strings of tokens that answer prompts.

Each player controls the policy of his own copy of the tree. The payoff is ``E φ(X, Y)``, X and Y being the outcomes
that the copies draw, or with a common start ``E_o E[φ(X, Y) | o]``: both then answer the same prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy import sparse

from prefcore.distribution import Distribution
from prefcore.processes import BEYOND, DEFAULT_LIMIT, DirectPreferenceProcess, tabulate
from prefcore.relations import Relation
from solvers.arguments import whole_number
from solvers.games.building.builders import game_from_function
from solvers.games.building.exact_games import require_pairs
from solvers.games.building.processes import game_from_phi, game_from_process
from solvers.games.game import PreferenceGame
from solvers.games.payoffs import Array, Indices, require_memory
from solvers.games.trees.tree_game import OutcomePayoffs, TreeGame, Triples, require_tree_game
from solvers.games.trees.treeplex import Treeplex, treeplex_of

String = tuple[Any, ...]
HEAD = 8  # words of 8 bytes that a tuple takes, its entries and those of shorter tuples left out
NUMBERS = 40  # of 8 bytes for each sequence of a token game: arrays, labels and the solvers' vectors


def process_game(
    process: DirectPreferenceProcess,
    *,
    phi: Callable[[Any, Any], Any] | None = None,
    payoffs: Callable[[tuple[Any, ...]], PreferenceGame] | None = None,
    common_start: bool = False,
    limit: int = DEFAULT_LIMIT,
) -> TreeGame:
    """The game of a process with chance, whose policies depend on histories; information sets are the histories.

    The payoff is that of ``pc.skew_symmetric(phi)``, or any preference of the process from which
    :func:`solvers.games.game_from_process` can read payoffs; else of `phi`, a function of two outcomes (an additive
    one is noticed, and no matrix is made); or `payoffs` makes the game over a tuple of outcomes, such as
    ``lambda outcomes: solvers.games.low_rank_game(...)``. common_start: the first observation is drawn once, for both.
    Exact in rationals if the payoffs are. Raises what those raise, ``ProcessTooLarge`` beyond `limit` trajectories.
    """
    if not isinstance(process, DirectPreferenceProcess):
        raise TypeError(f"process must be a DirectPreferenceProcess, got {type(process).__name__}")
    if phi is not None and payoffs is not None:
        raise ValueError("phi and payoffs: give one of them, or neither for the preference of the process")
    tabulation = tabulate(process, limit)
    tree = tabulation.tree
    decisions = len(tree.branches)
    nodes = decisions + len(tree.outcome)
    start = [0] * nodes  # the block, and what chance and the player contributed
    reached = [Fraction(0)] * nodes
    before: list[tuple[int, int] | None] = [None] * nodes
    shares = [p for p, _ in tree.initial] if common_start else [Fraction(1)]
    for k, (p, node) in enumerate(tree.initial):
        start[node], reached[node] = (k, Fraction(1)) if common_start else (0, p)
    for d, rows in enumerate(tree.branches):
        for a, row in enumerate(rows):
            for p, child in row:
                start[child], reached[child], before[child] = start[d], reached[d] * p, (d, a)
    sets = [(tabulation.histories[d], before[d], tabulation.actions[d]) for d in range(decisions)]
    weights = [float(reached[d] * shares[start[d]]) for d in range(decisions)]
    plex, number = treeplex_of(sets, weights)
    rows_of: list[dict[int, int]] = [{} for _ in shares]  # outcome -> row, by block
    for leaf, outcome in enumerate(tree.outcome, decisions):
        rows_of[start[leaf]].setdefault(outcome, len(rows_of[start[leaf]]))
    first_row = np.cumsum([0, *map(len, rows_of)]).tolist()
    total: dict[tuple[int, int], Fraction] = {}
    for leaf, outcome in enumerate(tree.outcome, decisions):
        last = before[leaf]
        assert last is not None
        at = first_row[start[leaf]] + rows_of[start[leaf]][outcome], int(plex.first[number[last[0]]]) + last[1]
        total[at] = total.get(at, Fraction(0)) + reached[leaf]
    games = []
    for found in rows_of:
        outcomes = tuple(tabulation.outcomes[o] for o in found)
        if payoffs is not None:
            games.append(_sized(payoffs(outcomes), len(outcomes), "payoffs"))
        elif phi is not None:
            games.append(game_from_phi(outcomes, phi))
        else:
            games.append(_preference_game(process.preference, outcomes))
    triples = tuple((i, j, p) for (i, j), p in total.items())
    return _symmetric(plex, triples, tuple(zip(shares, games, strict=True)))


def token_game(
    prompts: Mapping[Any, Any] | None,
    vocabulary: Sequence[Any],
    length: int,
    preference: Callable[[Any, String, String], Any] | None = None,
    *,
    games: Mapping[Any, PreferenceGame] | None = None,
    end: Any = None,
) -> TreeGame:
    """The game of policies that write strings token by token: the next one given the prompt and the prefix.

    prompts: the probability of each, or ``None`` for a single one, named ``None``. length: of complete strings, or the
    most if the token `end` of the vocabulary ends them before. preference: ``preference(prompt, x, y)``, the
    probability that the answer x is preferred to y (tuples of tokens); or `games`: for each prompt the game over
    ``complete_strings(vocabulary, length, end)``, in this order. Information sets are ``(prompt, prefix)``, only the
    prefix if there is a single prompt. The dilated divergence is ``E_prompt KL(π(·|prompt) ‖ μ(·|prompt))``. Raises
    ``ValueError``/``TypeError`` naming the argument, ``GameTooLarge`` with the size before anything is listed.
    """
    tokens, most = _language(vocabulary, length, end)
    if (preference is None) is (games is None):
        raise ValueError("preference and games: give exactly one of them")
    if preference is not None and not callable(preference):
        raise TypeError(f"preference must be a function of a prompt and two strings, got {preference!r}")
    if games is not None and not isinstance(games, Mapping):
        raise TypeError(f"games: must be a mapping prompt -> game, got {type(games).__name__}")
    drawn = {None: Fraction(1)} if prompts is None else _drawn(prompts)
    unasked = next((prompt for prompt in games or () if prompt not in drawn), None)
    if unasked is not None:
        raise ValueError(f"games: {unasked!r} is none of the prompts, which are {', '.join(map(repr, drawn))}")
    sequences = len(drawn) * len(tokens) * _prefixes(len(tokens) - (end is not None), most)
    require_memory(NUMBERS * sequences, f"a game of {sequences:,.3g} prefixes and tokens, or more,")
    if preference is not None:
        require_pairs(_count(tokens, most, end))
    strings = complete_strings(tokens, most, end)
    blocks = []
    for prompt, share in drawn.items():
        if games is not None:
            if prompt not in games:
                raise ValueError(f"games: give one for the prompt {prompt!r}")
            game = _sized(games[prompt], len(strings), f"games[{prompt!r}]")
        else:
            assert preference is not None
            game = _asked_game(strings, preference, prompt)
        blocks.append((share, game))
    plex, ends = _token_treeplex(drawn, prompts is None, tokens, most, end)
    reach = tuple((row, s, Fraction(1)) for row, s in enumerate(ends.ravel().tolist()))
    return _symmetric(plex, reach, tuple(blocks))


def complete_strings(vocabulary: Sequence[Any], length: int, end: Any = None) -> tuple[String, ...]:
    """The complete strings: of `length` tokens, or ended before by `end`, their last; shorter ones first.

    Raises ``ValueError``/``TypeError`` naming the argument, ``GameTooLarge`` with the size before any is made.
    """
    tokens, most = _language(vocabulary, length, end)
    made = len(tokens) * _prefixes(len(tokens) - (end is not None), most)
    require_memory(made * (most + HEAD), f"{made:,.3g} strings and prefixes, or more,")
    strings: list[String] = []
    prefixes: list[String] = [()]
    for t in range(most):
        longer = [(*prefix, token) for prefix in prefixes for token in tokens]
        final = t == most - 1
        strings.extend(x for x in longer if final or (end is not None and x[-1] == end))
        prefixes = [x for x in longer if end is None or x[-1] != end]
    return tuple(strings)


def string_sequences(game: TreeGame) -> Indices:
    """(prompts, strings): of a token game, the sequence that completes each string, in the order of its strings.

    Raises ``TypeError`` for no game, ``ValueError`` for one of another kind.
    """
    payoffs = require_tree_game(game).payoffs
    if not isinstance(payoffs, OutcomePayoffs) or payoffs.reach.nnz != len(payoffs.blocks) * payoffs.blocks[0][1].size:
        raise ValueError("game: must be one that token_game made")
    return np.asarray(payoffs.reach.indices.reshape(len(payoffs.blocks), -1), dtype=np.intp)


# -- parts ----------------------------------------------------------------------------------------------------------


def _language(vocabulary: Any, length: Any, end: Any) -> tuple[tuple[Any, ...], int]:
    """The tokens and the length, checked."""
    if not isinstance(vocabulary, Sequence):
        raise TypeError(f"vocabulary: must be a sequence of tokens, got {vocabulary!r}")
    tokens = tuple(vocabulary)
    if not tokens or len(set(tokens)) != len(tokens):
        raise ValueError(f"vocabulary: give distinct tokens, one or more; got {tokens!r}")
    if end is not None and end not in tokens:
        raise ValueError(f"end: {end!r} is not in the vocabulary {tokens!r}")
    return tokens, whole_number(length, "length", 1)


def _count(tokens: tuple[Any, ...], length: int, end: Any) -> int:
    """The number of complete strings."""
    alive = len(tokens) - (end is not None)  # tokens after which a string goes on
    longest = len(tokens) * int(alive ** (length - 1))
    return longest + (sum(int(alive**t) for t in range(length - 1)) if end is not None else 0)


def _prefixes(alive: int, length: int) -> float:
    """``Σ alive^t`` over t < length, or what it is when it has become hopeless."""
    if alive < 2:
        return float(length if alive else 1)
    total, level = 0.0, 1.0
    for _ in range(length):
        total += level
        level *= alive
        if total > BEYOND:
            break
    return total


def _drawn(prompts: Any) -> dict[Any, Fraction]:
    """The prompts and their probabilities, exactly."""
    try:
        drawn = dict(Distribution(prompts).items())
    except (TypeError, ValueError) as error:
        raise type(error)(f"prompts: {error}") from error
    never = next((p for p in prompts if p not in drawn), None) if isinstance(prompts, Mapping) else None
    if never is not None:
        raise ValueError(f"prompts: {never!r} has probability 0: leave out what is never asked")
    return drawn


def _token_treeplex(
    prompts: Mapping[Any, Fraction], single: bool, tokens: tuple[Any, ...], length: int, end: Any
) -> tuple[Treeplex, Indices]:
    """The treeplex of prefixes, level by level, and (prompts, strings) the sequences that complete strings."""
    count, width = len(prompts), len(tokens)
    shares = np.array([float(p) for p in prompts.values()])
    stop = np.array([token == end and end is not None for token in tokens])
    parents = [np.zeros(count, dtype=np.intp)]
    labels: list[Any] = []
    weights: list[Array] = []
    ends: list[Indices] = []
    prefixes: list[String] = [()]
    known = 1
    for t in range(length):
        labels.extend(prefixes if single else ((p, x) for p in prompts for x in prefixes))
        weights.append(np.repeat(shares, len(prefixes)))
        made = known + np.arange(count * len(prefixes) * width).reshape(count, -1)
        known += made.size
        ended = np.tile(stop, len(prefixes)) if t < length - 1 else np.ones(made.shape[1], dtype=bool)
        ends.append(made[:, ended])
        if t < length - 1:
            parents.append(made[:, ~ended].ravel())
            prefixes = [(*x, token) for x in prefixes for token, last in zip(tokens, stop, strict=True) if not last]
            if not prefixes:  # only the token that ends a string
                break
    parent = np.concatenate(parents[: t + 1])
    first = 1 + width * np.arange(len(parent) + 1)
    plex = Treeplex(parent, first, tuple(labels), (tokens,) * len(parent), np.concatenate(weights))
    return plex, np.concatenate(ends, axis=1)


def _symmetric(plex: Treeplex, reach: Triples, blocks: tuple[tuple[Fraction, PreferenceGame], ...]) -> TreeGame:
    outcomes = sum(game.size for _, game in blocks)
    rows, columns = (np.array([triple[k] for triple in reach], dtype=np.intp) for k in (0, 1))
    values: Array = np.array([float(triple[2]) for triple in reach])
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(outcomes, plex.sequences))
    payoffs = OutcomePayoffs(matrix, matrix.T.tocsr(), blocks, reach)
    return TreeGame((plex, plex), payoffs)


def _asked_game(
    strings: tuple[String, ...], preference: Callable[[Any, String, String], Any], prompt: Any
) -> PreferenceGame:
    """The game over the answers to a prompt; of errors it says which that is."""
    try:
        return game_from_function(strings, partial(preference, prompt))
    except (TypeError, ValueError) as error:
        if type(error) not in (TypeError, ValueError):
            raise
        said = f"preference, where preference(x, y) stands for preference({prompt!r}, x, y): {error}"
        raise type(error)(said) from error


def _preference_game(preference: Any, outcomes: tuple[Any, ...]) -> PreferenceGame:
    """The game over outcomes: that of the process in which one of them is chosen."""
    if not isinstance(preference, Relation):
        raise TypeError("process: its preference must be a relation such as pc.skew_symmetric(phi), or give phi")
    numbers = tuple(range(len(outcomes)))
    choice = DirectPreferenceProcess(
        ("start",), numbers, 1, lambda _h, _a: {"start": 1}, preference, outcome=lambda h: outcomes[h[1]]
    )
    return game_from_process(choice, limit=len(outcomes))


def _sized(game: Any, size: int, name: str) -> PreferenceGame:
    if not isinstance(game, PreferenceGame):
        raise TypeError(f"{name}: must be a PreferenceGame, got {type(game).__name__}")
    if game.size != size:
        raise ValueError(f"{name}: a game of {game.size} actions for {size} outcomes")
    return game
