"""Holds the taxi model's AUC beside that of TFX's own taxi model: the same rows, steps and seeds, five times each.

TFX's module file (``taxi_utils_native_keras.py``, release 1.16.0) is fetched from its wheel and runs unchanged in
Penstock's Transform and Trainer, under the Keras 2 that it is written for; no other part of TFX is installed. Both
models are scored by their exported ``serving_default`` on the raw rows of the eval split, and the AUC is exact.

    python benchmarks/auc_vs_tfx.py --path ../shared/data/chicago_taxi/trips.csv

Prints a line for each model and seed, and the medians. Exits with 1 if ours is more than 0.005 below TFX's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import types
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "chicago_taxi"
TFX = "tfx==1.16.0"
TFX_MODULE = "tfx/examples/chicago_taxi_pipeline/taxi_utils_native_keras.py"
ALLOWED_DROP = 0.005
SPLITS = {"train": 2, "eval": 1}


def main() -> None:
    """Ingests, trains all models, each in a process of its own, and compares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", type=Path, default=EXAMPLE / "data" / "trips.csv", help="the trips, a CSV file")
    parser.add_argument("--steps", type=int, default=1000, help="training steps of each model (1000)")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 1 (5)")
    parser.add_argument("--batch-sizes", type=int, nargs="+", default=[256, 40], help="of our model; TFX's has 40")
    parser.add_argument("--work", type=Path, help="a directory to keep; a temporary one if not given")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        results = sys.stdout
        with contextlib.redirect_stdout(sys.stderr):  # Keras draws its progress bar where the results go
            for result in _work(arguments.work, **json.loads(arguments.worker)):
                print(json.dumps(result), file=results, flush=True)
        return

    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        module = _fetch_tfx(work)
        subprocess.run(_command(work, {"task": "ingest", "path": str(arguments.path.resolve())}), check=True)
        models = {f"penstock, batches of {size}": {"batch_size": size} for size in arguments.batch_sizes}
        medians = {}
        seeds = list(range(1, arguments.seeds + 1))
        common = {"task": "train", "steps": arguments.steps, "seeds": seeds}
        for name, config in models.items():
            medians[name] = _compare(work, name, {**common, "module": None, "config": config}, legacy="0")
        tfx = _compare(work, f"{TFX}, batches of 40", {**common, "module": str(module), "config": {}}, legacy="1")
    print()
    for name, median in medians.items():
        print(f"{name}: median AUC {median:.5f}, {median - tfx:+.5f} from TFX's {tfx:.5f}")
    if min(medians.values()) < tfx - ALLOWED_DROP:
        print(f"That is more than {ALLOWED_DROP} below.")
        raise SystemExit(1)


def _fetch_tfx(work: Path) -> Path:
    """TFX's module file, out of its wheel."""
    found = list(work.glob("tfx-*.whl"))
    if not found:
        # TFX's wheel refuses today's Pythons; only one pure Python file of it is wanted.
        with tempfile.TemporaryDirectory() as environment:
            venv.create(environment, with_pip=True)  # the environment that runs this may have no pip
            pip = [f"{environment}/bin/python", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
            options = ["--no-deps", "--ignore-requires-python", "--dest", str(work)]
            subprocess.run([*pip, *options, TFX], check=True)
        found = list(work.glob("tfx-*.whl"))
    path = work / "tfx_module" / "taxi_utils_native_keras.py"
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(found[0]) as wheel:
        path.write_bytes(wheel.read(TFX_MODULE))
    return path


def _command(work: Path, task: dict[str, Any]) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), "--work", str(work), "--worker", json.dumps(task)]


def _compare(work: Path, name: str, task: dict[str, Any], *, legacy: str) -> float:
    """Trains one model for each seed and returns the median AUC."""
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": legacy, "TF_CPP_MIN_LOG_LEVEL": "3"}
    log = work / "log.txt"
    scores = []
    with (
        log.open("a") as stderr,
        subprocess.Popen(
            _command(work, task), stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            result = json.loads(line)
            scores.append(result["auc"])
            print(f"{name}: seed {result['seed']}: AUC {result['auc']:.5f}, {result['seconds']:.1f} s", flush=True)
    if process.returncode:
        raise SystemExit("\n".join(["A worker failed:", *log.read_text().splitlines()[-20:]]))
    return statistics.median(scores)


def _work(work: Path, task: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    sys.path.insert(0, str(ROOT))
    if task == "ingest":
        _ingest(work, **arguments)
    else:
        yield from _train(work, **arguments)


def _ingest(work: Path, path: str) -> None:
    from penstock import CsvExampleGen, SchemaGen, StatisticsGen
    from penstock.artifacts import Examples, ExampleStatistics, Schema
    from penstock.dsl import Context

    examples, statistics_, schema = (
        Examples(str(work / "examples")),
        ExampleStatistics(str(work / "stats")),
        Schema(str(work / "schema")),
    )
    context = Context(temp_dir=work / "temp")
    CsvExampleGen.function(examples=examples, input_base=path, splits=SPLITS, ctx=context)
    StatisticsGen.function(examples=examples, statistics=statistics_, ctx=context)
    SchemaGen.function(statistics=statistics_, schema=schema, ctx=context)


def _train(
    work: Path, module: str | None, config: dict[str, Any], steps: int, seeds: list[int]
) -> Iterator[dict[str, Any]]:
    from penstock import Trainer, Transform
    from penstock.artifacts import Examples, Model, ModelRun, Schema, TransformGraph
    from penstock.components.trainer import EvalArgs, TrainArgs
    from penstock.dsl import Context

    if module is not None:
        _stand_in_for_tfx()
    examples, schema = Examples(str(work / "examples")), Schema(str(work / "schema"))
    examples.splits = list(SPLITS)
    base = Path(tempfile.mkdtemp(dir=work))
    graph, transformed = TransformGraph(str(base / "graph")), Examples(str(base / "transformed"))
    Transform.function(
        examples=examples,
        schema=schema,
        transform_graph=graph,
        transformed_examples=transformed,
        module_file=module or str(EXAMPLE / "features.py"),
        ctx=Context(temp_dir=base / "temp"),
    )
    for seed in seeds:
        model = Model(str(base / f"model_{seed}"))
        started = time.monotonic()
        Trainer.function(
            examples=transformed,
            schema=schema,
            transform_graph=graph,
            model=model,
            model_run=ModelRun(str(base / f"run_{seed}")),
            module_file=module or str(EXAMPLE / "model.py"),
            train_args=TrainArgs(num_steps=steps),
            eval_args=EvalArgs(num_steps=None if module is None else 10),  # TFX's dataset for evaluation has no end
            custom_config={**config, "seed": seed},
            ctx=Context(temp_dir=base / "temp"),
        )
        yield {"seed": seed, "auc": _auc(model, examples), "seconds": time.monotonic() - started}


def _stand_in_for_tfx() -> None:
    """What TFX's module file expects around it: two names from TFX for its annotations, and TensorBoard."""
    from penstock.models import DataAccessor, FnArgs

    for name in ("tfx", "tfx.components", "tfx.components.trainer", "tfx.components.trainer.fn_args_utils"):
        sys.modules[name] = types.ModuleType(name)
    vars(sys.modules["tfx.components.trainer.fn_args_utils"]).update(DataAccessor=DataAccessor, FnArgs=FnArgs)

    import tensorflow as tf

    # It logs to TensorBoard, which is not installed here; that changes no weight.
    tf.keras.callbacks.TensorBoard = lambda **_: tf.keras.callbacks.Callback()


def _auc(model: Any, examples: Any) -> float:
    """The exact area under the ROC curve of the exported model on the raw rows of the eval split."""
    import numpy as np
    import tensorflow as tf

    from penstock.data.examples import read_table, record_batches
    from penstock.data.tf_examples import encode_examples

    serve = tf.saved_model.load(str(model.serving)).signatures["serving_default"]
    scores = []
    for batch in record_batches(examples, "eval"):
        outputs = serve(examples=tf.constant(encode_examples(batch).to_pylist()))
        scores.append(next(iter(outputs.values())).numpy().ravel())
    table = read_table(examples, "eval", columns=["tips", "fare"])
    tips, fare = (table[name].to_numpy().astype(np.float32) for name in ("tips", "fare"))
    positive = tips > np.float32(0.2) * fare
    score = np.concatenate(scores)
    # Mann and Whitney: the share of pairs in the right order, ties counted as half (mean ranks).
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    p = int(positive.sum())
    return float((ranks[positive].sum() - p * (p + 1) / 2) / (p * (len(score) - p)))


if __name__ == "__main__":
    main()
