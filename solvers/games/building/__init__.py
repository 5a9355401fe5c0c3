"""Games built from what there is: a function, counts, voters, scores, a process; and games drawn at random."""
