from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> None:
    """Runs code in a process of its own; what it raises fails the test."""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)


def test_the_protos_load_without_tfma_and_without_tensorflow() -> None:
    """And leave nothing behind in sys.modules."""
    run("""
import sys
from penstock.evaluation.tfma_protos import config_pb2, metrics_for_slice_pb2, validation_result_pb2
assert metrics_for_slice_pb2().MetricsForSlice is metrics_for_slice_pb2().MetricsForSlice
assert config_pb2().EvalConfig().ByteSize() == 0
assert not validation_result_pb2().ValidationResult().validation_ok
assert not [name for name in sys.modules if name.startswith(("tensorflow_model_analysis", "tensorflow."))]
""")


@pytest.mark.conformance
def test_a_real_import_afterwards_works_in_the_same_process() -> None:
    """The package is whole, and its messages are ours."""
    run("""
from penstock.evaluation.tfma_protos import config_pb2, metrics_for_slice_pb2
ours = metrics_for_slice_pb2().MetricsForSlice(slice_key={"single_slice_keys": [{"column": "a"}]})
import tensorflow_model_analysis as tfma
import tensorflow_model_analysis.proto.metrics_for_slice_pb2
theirs = tensorflow_model_analysis.proto.metrics_for_slice_pb2.MetricsForSlice()
theirs.CopyFrom(ours)
assert theirs == ours and type(theirs) is type(ours)
from tensorflow_model_analysis.proto import config_pb2 as real
assert isinstance(config_pb2().EvalConfig(), real.EvalConfig)
assert callable(tfma.load_eval_result)
""")
