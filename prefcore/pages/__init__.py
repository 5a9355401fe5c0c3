"""The parts of the HTML pages that :mod:`prefcore.page` and the reports put together."""
