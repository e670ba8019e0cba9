"""Random predictions, labels, weights and slices: the vectorised engine comes to what TFMA comes to."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from penstock.evaluation.slices import SliceValue
from tests.evaluation.test_conformance import compared, ours, theirs_of

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.timeout(3600),
    # TFMA divides by empty bins, and builds Beam pipelines in ways that Beam warns of.
    pytest.mark.filterwarnings("ignore"),
]

ROUNDS = int(os.environ.get("PENSTOCK_ROUNDS", "4"))
SLICES: list[SliceValue] = [[], ["number"], ["text"], ["real"], ["number", "text"], {"text": "é"}, ["few", "real"]]
MODELS = {
    f"{model}, {weight}": (model, weight) for model in ("spread", "edges", "clustered") for weight in (None, "weight")
}

# Each is near a bound of a bin or threshold of TFMA's, or at the end of the range.
EDGES = [0.0, 1.0, 0.5, 1e-7, 1 - 1e-7, 0.0001, 0.00015, 0.9999, 0.99995, 0.3333, 0.49999997, 0.50000006]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, npt.NDArray[Any]]:
    """Rows with predictions of three kinds, labels of two classes or in between, weights, and features to slice by."""
    rows = draw(st.integers(1, 150))
    unit = st.floats(0, 1, width=32)

    def column(elements: st.SearchStrategy[Any], kind: Any = np.float32) -> npt.NDArray[Any]:
        return draw(arrays(kind, rows, elements=elements))

    labels = draw(st.sampled_from([st.sampled_from([0.0, 1.0]), st.integers(0, 64).map(lambda part: part / 64)]))
    # Not such as differ by more than 1e9: of those a cell is exact to 1e-15 of its slice's weight only.
    weights = draw(st.sampled_from([st.sampled_from([0.0, 1.0, 3.0]), st.floats(2**-10, 1000, width=32)]))
    return {
        "label": column(labels).astype(np.float64),
        "spread": column(unit),
        "edges": column(st.sampled_from([float(np.float32(edge)) for edge in EDGES])),
        "clustered": column(st.integers(0, 10).map(lambda tenths: float(np.float32(tenths / 10)))),
        "weight": column(weights),
        "number": column(st.sampled_from([-(2**40), -1, 0, 7]), np.int64),
        "few": column(st.integers(0, 1), np.int64),
        "text": column(st.sampled_from(["", "é", "a=b, c", "Cash"]), object),
        "real": column(st.sampled_from([-0.5, 0.0, 0.1, 3e30])),
    }


def as_floats(key: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    """A slice key with its real numbers as TFMA has them: of 32 bits."""
    return tuple((name, float(np.float32(value)) if isinstance(value, float) else value) for name, value in key)


@settings(
    max_examples=ROUNDS,
    deadline=None,
    # A run of TFMA takes seconds: what fails is told as it was found.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(columns=tables())
def test_every_metric_of_random_rows_equals_tfmas(columns: dict[str, npt.NDArray[Any]]) -> None:
    """On every slice to 1e-6, weighted and not; but for what docs/evaluation.md says differs."""
    reference = theirs_of(columns, MODELS, SLICES)
    for name, (model, weight) in MODELS.items():
        mine = ours({**columns, "prediction": columns[model]}, weight, slices=SLICES)
        named = {as_floats(key): key for key in mine.slices}
        found = {named.get(as_floats(key), key): values for key, values in reference[name].items()}
        assert compared(mine, found, weight, extreme=bool(np.isin(columns[model], [0, 1]).any())) > 0
