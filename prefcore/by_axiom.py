"""What every report is: a mapping from the names of axioms to the verdicts on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prefcore.verdicts import Verdict


class ByAxiom(Mapping[str, Verdict]):
    """The mapping methods of a frozen record that has a field ``verdicts``."""

    __slots__ = ()
    verdicts: Mapping[str, Verdict]

    def __getitem__(self, axiom: str) -> Verdict:
        if axiom not in self.verdicts:
            raise KeyError(f"{axiom!r} was not checked: this report has {', '.join(self.verdicts)}")
        return self.verdicts[axiom]

    def __iter__(self) -> Iterator[str]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)
