"""How the pictures of :mod:`prefcore.triangle`, :mod:`prefcore.heatmap` and :mod:`prefcore.figures` come about.

What a triangle shows is surveyed first, exactly: ``stands`` asks the relation, ``chart`` finds regions and borders
seen from one lottery, ``rims`` looks at the edges, ``contours`` chooses several lotteries, and ``corners`` the three
outcomes; ``plane`` has the geometry. Then it is drawn: ``svg`` and ``triangles`` have what the pictures share,
``counterexamples`` and ``indifference`` the two kinds of picture. ``intransitivity`` computes what a heat map shows.
"""
