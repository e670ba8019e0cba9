"""What components make of a small fixed table is written down beside their versions.

The cache key holds the source of a component's code, but not what that code reads besides: data that a package
brings, a default of a library. When a digest here changes and neither the code nor the libraries did, raise the
component's ``version``, so that results made before are not reused; then write the new digest down.
Transform, Trainer and Evaluator are left out: their output is TensorFlow's, and changes with each of its releases.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from penstock.artifacts import ExampleAnomalies, Examples, ExampleStatistics, Schema
from penstock.components import CsvExampleGen, ExampleValidator, SchemaGen, StatisticsGen
from penstock.dsl import Component, Context
from penstock.storage.digests import typed_content

pytestmark = pytest.mark.component

# The version of the component, and the beginning of the digest of its output.
GOLDEN = {
    "CsvExampleGen": ("1", "a0dafb1c2862f6d4"),
    "StatisticsGen": ("3", "27d4b176d6ae6b98"),
    "SchemaGen": ("1", "a124f42749f71401"),
    "ExampleValidator": ("2", "9e2e634b28768c04"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Component, str]]:
    """Each component with the digest of what it made of the table; all sums in it are exact on every machine."""
    base = tmp_path_factory.mktemp("golden")
    rows = [f"{i},{i % 7 * 0.25},{'Cash' if i % 3 else 'Card'},{'' if i % 5 else i}" for i in range(64)]
    (base / "trips.csv").write_text("\n".join(["id,fare,payment,tip", *rows, ""]))
    ctx = Context(temp_dir=base)
    examples, statistics = Examples(str(base / "examples")), ExampleStatistics(str(base / "statistics"))
    schema, anomalies = Schema(str(base / "schema")), ExampleAnomalies(str(base / "anomalies"))
    for artifact in (examples, statistics, schema, anomalies):
        artifact.path().mkdir()
    CsvExampleGen.function(examples=examples, input_base=str(base / "trips.csv"), ctx=ctx)
    StatisticsGen.function(examples=examples, statistics=statistics, ctx=ctx)
    SchemaGen.function(statistics=statistics, schema=schema, ctx=ctx)
    ExampleValidator.function(statistics=statistics, schema=schema, anomalies=anomalies, ctx=ctx)
    components = (CsvExampleGen, StatisticsGen, SchemaGen, ExampleValidator)
    outputs = (examples, statistics, schema, anomalies)
    return {
        one.name: (one, typed_content(artifact).digest[:16]) for one, artifact in zip(components, outputs, strict=True)
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_output_changes_only_with_the_version(made: dict[str, tuple[Component, str]], name: str) -> None:
    """The same version of a component makes the same of the same table."""
    component, digest = made[name]
    libraries = ", ".join(f"{one} {version(one)}" for one in ("pyarrow", "tensorflow-metadata", "tfx-bsl", "numpy"))
    assert (component.version, digest) == GOLDEN[name], (
        f"{name} makes something else than written down. Raise its version, unless a library brought it ({libraries})."
    )


def test_the_table_is_read_whole(made: dict[str, tuple[Component, str]], tmp_path: Path) -> None:
    """The digests would notice: one other value in the table is other examples."""
    assert len({digest for _, digest in made.values()}) == len(GOLDEN)
    (tmp_path / "one.csv").write_text("id\n1\n2\n")
    digests = []
    for name in ("a", "b"):
        examples = Examples(str(tmp_path / name))
        examples.path().mkdir()
        CsvExampleGen.function(examples=examples, input_base=str(tmp_path / "one.csv"), ctx=Context(temp_dir=tmp_path))
        digests.append(typed_content(examples).digest)
        (tmp_path / "one.csv").write_text("id\n1\n3\n")
    assert digests[0] != digests[1]
