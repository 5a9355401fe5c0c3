"""Transitivity and acyclicity on menus of lotteries: ``pc.check`` against networkx, prefgraph and numpy.

The lotteries are random, over 50 outcomes; the relations are an expected reward (a total pre-order), Pareto of three
payoffs (a partial one) and a majority of three (intransitive, with cycles). Ours is everything: the relation is traced,
all pairs of lotteries are evaluated exactly, both axioms are decided, and the kernel evaluates all pairs again before
it accepts. The peers are given the matrix of the relation for nothing, and decide the same two questions with what is
nearest in them:

* networkx: ``transitive_closure`` of the graph of ≼ has no more edges than it; the graph of ≺ has no
  ``strongly_connected_components`` of two or more. The graphs are given for nothing, too.
* prefgraph: ``floyd_warshall_transitive_closure`` of ≼ is ≼; that of ≺ has no two members both ways
  (``find_symmetric_pairs_bool_numba``). That is what its ``validate_menu_sarp`` does with recorded choices; its GARP
  tests take prices and quantities instead of a relation.
* numpy, as one would write it by hand: the product of the matrix with itself, in floating point, is within ≼; scipy's
  strong components of ≺.

Each side of each row runs in a process of its own that is killed at the limit, with libraries loaded and, for
prefgraph, compiled before the clock starts.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tables import RESULTS, aligned, machine, repeated, result_of, timed

import prefcore as pc
from prefcore.certificates import write_atomically

SIZES = (100, 300, 1000, 3000, 5000)
OUTCOMES = 50
SUPPORT = 6  # outcomes of one lottery
LIMIT = 60.0  # seconds for one side of one row
OUR_LIMIT = 600.0
SEED = 20241
AXIOMS = ("transitive", "acyclic")
RELATIONS = ("expected reward", "Pareto of three", "majority of three")
PEERS = ("networkx", "prefgraph", "numpy")
OUT = RESULTS / "menus.md"

Answer = tuple[bool | None, bool | None]  # transitive, acyclic


# -- the data -------------------------------------------------------------------------------------------------------


def payoffs() -> tuple[dict[int, int], ...]:
    source = random.Random(SEED)
    return tuple({o: source.randint(0, 1000) for o in range(OUTCOMES)} for _ in range(3))


def lotteries(size: int) -> list[dict[int, int]]:
    """Different lotteries, as tickets out of a hundred."""
    source = random.Random(SEED + size)
    found: dict[tuple[tuple[int, int], ...], None] = {}
    while len(found) < size:
        cuts = sorted(source.sample(range(1, 100), SUPPORT - 1))
        tickets = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        support = sorted(source.sample(range(OUTCOMES), SUPPORT))
        found[tuple(zip(support, tickets, strict=True))] = None
    return [dict(x) for x in found]


def our_relation(name: str) -> pc.Relation[Any]:
    """A new object, so that nothing is remembered of an earlier trace."""
    u, v, w = payoffs()
    makers: dict[str, Callable[[], pc.Relation[Any]]] = {
        "expected reward": lambda: pc.expected_reward(u),
        "Pareto of three": lambda: pc.pareto(u, v, w),
        "majority of three": lambda: pc.majority(u, v, w),
    }
    return makers[name]()


def matrix(name: str, size: int) -> Any:
    """The relation from its definition, in integers: entry i, j says that lottery i ≼ lottery j."""
    import numpy as np

    tickets = np.zeros((size, OUTCOMES), dtype=np.int64)
    for i, lottery in enumerate(lotteries(size)):
        for o, count in lottery.items():
            tickets[i, o] = count
    agree = []
    for payoff in payoffs():
        values = tickets @ np.array([payoff[o] for o in range(OUTCOMES)])
        agree.append(values[None, :] >= values[:, None])
    votes = sum(x.astype(np.int8) for x in agree)
    return {"expected reward": agree[0], "Pareto of three": votes == 3, "majority of three": votes >= 2}[name]


# -- the sides: each sends "ready", then the median seconds and its answer ------------------------------------------


def ask_us(connection: Connection, name: str, size: int) -> None:
    menu = [pc.Distribution({o: Fraction(n, 100) for o, n in x.items()}) for x in lotteries(size)]
    pc.check(our_relation("majority of three"), menu=menu[:50], axioms=AXIOMS)  # loads the libraries
    connection.send("ready")

    def check() -> tuple[float, pc.Report]:
        relation = our_relation(name)
        return timed(lambda: pc.check(relation, menu=menu, axioms=AXIOMS))

    seconds, report = repeated(check)
    kernel, _ = repeated(lambda: timed(lambda: [pc.kernel.check(x.claim, x.evidence) for x in decided(report)]))
    connection.send((seconds, kernel, tuple(holds(report[axiom]) for axiom in AXIOMS)))


def decided(report: pc.Report) -> list[Any]:
    return [x for x in report.values() if not isinstance(x, pc.Unknown)]


def holds(verdict: object) -> bool | None:
    return None if isinstance(verdict, pc.Unknown) else isinstance(verdict, pc.Proved)


def ask_networkx(connection: Connection, name: str, size: int) -> None:
    import networkx as nx

    weak = matrix(name, size)
    graphs = [nx.DiGraph(), nx.DiGraph()]
    for graph, relation in zip(graphs, (weak, weak & ~weak.T), strict=True):
        graph.add_nodes_from(range(size))
        for i, row in enumerate(relation):
            graph.add_edges_from((i, j) for j in row.nonzero()[0].tolist())
    connection.send("ready")

    def ask() -> Answer:
        closure = nx.transitive_closure(graphs[0], reflexive=False)
        components = nx.strongly_connected_components(graphs[1])
        transitive = closure.number_of_edges() == graphs[0].number_of_edges()
        return transitive, all(len(component) == 1 for component in components)

    connection.send(repeated(lambda: timed(ask)))


def ask_prefgraph(connection: Connection, name: str, size: int) -> None:
    import numpy as np
    from prefgraph._kernels import find_symmetric_pairs_bool_numba
    from prefgraph.graph.transitive_closure import floyd_warshall_transitive_closure

    def ask(weak: Any) -> Answer:
        closure = floyd_warshall_transitive_closure(weak)
        strict = floyd_warshall_transitive_closure(np.ascontiguousarray(weak & ~weak.T))
        reflexive = weak | np.eye(len(weak), dtype=bool)
        return bool((closure == reflexive).all()), len(find_symmetric_pairs_bool_numba(strict)) == 0

    for kind in RELATIONS:  # compiles
        ask(matrix(kind, 20))
    ask(np.ones((501, 501), dtype=bool))
    weak = matrix(name, size)
    connection.send("ready")
    connection.send(repeated(lambda: timed(lambda: ask(weak))))


def ask_numpy(connection: Connection, name: str, size: int) -> None:
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    weak = matrix(name, size)
    connection.send("ready")

    def ask() -> Answer:
        counts = weak.astype(np.float32)
        transitive = not bool((((counts @ counts) > 0.5) & ~weak).any())
        count, _ = connected_components(csr_array(weak & ~weak.T), directed=True, connection="strong")
        return transitive, count == size

    connection.send(repeated(lambda: timed(ask)))


SIDES: dict[str, Callable[..., None]] = {"networkx": ask_networkx, "prefgraph": ask_prefgraph, "numpy": ask_numpy}


# -- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """All sides on one relation and size."""

    name: str
    size: int
    seconds: float
    kernel: float
    answer: Answer
    peers: dict[str, tuple[float, Answer] | None]
    limit: float

    def cells(self) -> tuple[str, ...]:
        theirs = []
        for peer in PEERS:
            found = self.peers[peer]
            ratio = self.seconds / (found[0] if found else self.limit)
            theirs += [f"{found[0]:.3f}" if found else f"> {self.limit:g}", f"{'' if found else '< '}{ratio:.3f}"]
        said = f"{'' if self.answer[0] else 'not '}transitive, {'' if self.answer[1] else 'not '}acyclic"
        return (self.name, str(self.size), f"{self.seconds:.3f}", f"{self.kernel:.3f}", *theirs, said)

    @property
    def disagreements(self) -> list[str]:
        expected = (self.name != "majority of three",) * 2
        sides: dict[str, Answer] = {"ours": self.answer, **{k: x[1] for k, x in self.peers.items() if x}}
        return [f"{self.name}, {self.size}: {k} {x}, known {expected}" for k, x in sides.items() if x != expected]


HEADER = ("relation", "lotteries", "ours s", "kernel s", *(x for p in PEERS for x in (f"{p} s", "ratio")), "answer")


def measure(name: str, size: int, limit: float, peers: Sequence[str]) -> Row:
    """One row; of the peers only these are asked."""
    found = result_of(ask_us, name, size, limit=OUR_LIMIT)
    if found is None:
        raise RuntimeError(f"no answer from prefcore for {name}, {size} lotteries, in {OUR_LIMIT:g} s")
    theirs = {p: result_of(side, name, size, limit=limit) if p in peers else None for p, side in SIDES.items()}
    seconds, kernel, answer = found
    return Row(name, size, seconds, kernel, answer, theirs, limit)


def document(rows: Sequence[Row], limit: float) -> str:
    """The whole page."""
    wrong = [f"DISAGREEMENT: {line}" for row in rows for line in row.disagreements]
    return "\n".join(
        [
            "# Menus of lotteries: transitive and acyclic, against networkx, prefgraph and numpy",
            "",
            f"Ours: tracing, exact evaluation of all pairs of lotteries over {OUTCOMES} outcomes, both axioms, and the",
            "kernel (kernel s is its re-check again). The peers get the matrix of the relation for nothing, networkx",
            f"its graphs. Ratio: ours / the peer. A peer is stopped after {limit:g} s, and then asked no more.",
            "",
            *aligned(HEADER, [row.cells() for row in rows], range(1, len(HEADER) - 1)),
            "",
            *(wrong or ["Every answer of every side is the known one."]),
            "",
            machine("networkx", "prefgraph", "numba", "numpy", "scipy"),
            "",
        ]
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of lotteries")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for one side of one row")
    parser.add_argument("--quick", action="store_true", help="100 and 300 lotteries, and no file")
    parser.add_argument("--out", type=Path, help=f"the Markdown file to write ({OUT.name}; with --quick none)")
    options = parser.parse_args()
    rows = []
    for name in RELATIONS:
        peers: Sequence[str] = PEERS
        for size in (100, 300) if options.quick else sorted(options.sizes):
            rows.append(measure(name, size, options.limit, peers))
            peers = [peer for peer in PEERS if rows[-1].peers[peer]]
            print(" | ".join(rows[-1].cells()), file=sys.stderr, flush=True)
    page = document(rows, options.limit)
    print(page, end="")
    out = options.out or (None if options.quick else OUT)
    if out:
        write_atomically(out, page)
    return int(any(row.disagreements for row in rows))


if __name__ == "__main__":
    sys.exit(main())
