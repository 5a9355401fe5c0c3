"""Games and runs of solvers as SVG pictures."""
