"""Arguments as numbers, or an error that names them: what numpy says of a ragged list or of 10**400 names nobody."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse

Floats = npt.NDArray[np.float64]


def real_array(values: Any, name: str) -> Floats:
    """A float64 array of real numbers, or ``TypeError``; ``ValueError`` if ragged, masked, or beyond all floats."""
    if issparse(values):
        raise TypeError(f"{name} must be a dense array, not a sparse one: pass .toarray()")
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(
            f"{name} must not be masked, as a mask would be ignored: pass .filled(0), or leave entries out"
        )
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name} must be rectangular, all rows of the same length: {error}") from error
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{name} must hold real numbers, got dtype {array.dtype}")
    if array.dtype.kind == "O" and any(isinstance(x, str | bytes | complex) or x is None for x in array.flat):
        raise TypeError(f"{name} must hold real numbers")
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise ValueError(f"{name} must be finite; a number is beyond all floats (1.8e308)") from error
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must hold real numbers: {error}") from error


def real_number(value: Any, name: str) -> float:
    """One real number as a float, or ``TypeError``; ``ValueError`` beyond all floats."""
    if isinstance(value, float):
        return value
    if issparse(value) or (not isinstance(value, str | bytes) and np.iterable(value)):
        raise TypeError(f"{name} must be a single number, got {type(value).__name__}")
    return float(real_array(value, name)[()])


def whole_number(value: Any, name: str, least: int) -> int:
    """An int (of numpy's, too), or ``TypeError``; ``ValueError`` below the least."""
    if isinstance(value, bool | np.bool_):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError as error:
        raise TypeError(f"{name} must be a whole number, got {value!r}") from error
    if number < least:
        raise ValueError(f"{name} must be at least {least}, got {number}")
    return number


def require_generator(generator: Any) -> None:
    """Raises ``TypeError`` unless it is one of numpy's."""
    if not isinstance(generator, np.random.Generator):
        raise TypeError(f"generator must be numpy.random.default_rng(seed), got {type(generator).__name__}")
