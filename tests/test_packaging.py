"""The wheel holds the three packages, their type marks and the data, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_only(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"prefcore", "solvers", "lm_bridge"}
    for package in ("prefcore", "solvers", "lm_bridge"):
        assert f"{package}/py.typed" in names
    assert "prefcore/data/nile.csv" in names and "prefcore/search/semilinear.py" in names
    (entry,) = (n for n in names if n.endswith("entry_points.txt"))
    assert "prefcore = solvers.__main__:main" in zipfile.ZipFile(wheel).read(entry).decode()
