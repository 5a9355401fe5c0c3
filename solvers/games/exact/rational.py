"""The von Neumann winner in exact numbers, with a certificate for the kernel.

:mod:`solvers.games.exact.face` finds a strictly complementary equilibrium: floating point guesses where it is positive,
FLINT computes it there. In a tournament the equilibrium is unique, an odd number of actions is played, and each with
odd numerator over a common odd denominator (Fisher and Ryan 1992; Laffond, Laslier and Le Breton 1993).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from prefcore import kernel
from prefcore.matrix_games import Evaluated, Winner
from prefcore.verdicts import Proved
from solvers.games.exact.face import admitted, face_of
from solvers.games.game import PreferenceGame, rational_rows


@dataclass(frozen=True, slots=True, eq=False)
class ExactWinner:
    """A von Neumann winner in exact numbers.

    policy: N Fractions in the order of the game's rows. verdict: the kernel's, that ``P · policy <= 1/2`` everywhere;
    ``prefcore.save_certificate`` stores it. It says nothing of other winners. unique: whether there are none, by exact
    elimination without a certificate; if there are, this one lies in the relative interior of the set of all, so that
    it plays whatever any winner plays. dimension: of that set. method: what guessed the support, or "exact simplex".
    """

    policy: tuple[Fraction, ...]
    verdict: Proved
    dimension: int
    method: str

    @property
    def support(self) -> tuple[int, ...]:
        """The actions that are played."""
        return tuple(i for i, p in enumerate(self.policy) if p)

    @property
    def unique(self) -> bool:
        """Whether there is no other von Neumann winner."""
        return not self.dimension

    def __repr__(self) -> str:
        which = "the only one" if self.unique else f"one of a set of dimension {self.dimension}"
        played = f"{len(self.support)} of {len(self.policy)} actions, by {self.method}"
        return f"ExactWinner({played}; that it wins is certified; {which}, as exact elimination finds)"


def exact_von_neumann_winner(game: PreferenceGame) -> ExactWinner:
    """A von Neumann winner in exact numbers, certified by the kernel.

    A game of floats is taken to be the exact numbers that it stores; one of factors whose link is the identity, to
    be the products of the numbers that they store: their low rank leaves ties, and a set of winners of large dimension.
    Raises ``TypeError`` for no game, and ``GameTooLarge``, with the size, where the exact work would be too much: for
    more than 2,001 actions, or more than a hundred or so if no support that floats suggest is exactly right.
    """
    rows = rational_rows(admitted(game))
    face = face_of(game, rows)
    half = Fraction(1, 2)
    matrix = tuple(tuple(a + half for a in row) for row in rows)
    verdict = kernel.check(Winner(matrix, face.interior), Evaluated())
    assert isinstance(verdict, Proved)
    return ExactWinner(face.interior, verdict, face.dimension, face.method)
