from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.artifacts import Schema
from penstock.components import ImportSchemaGen
from penstock.data_validation.files import read_schema
from penstock.dsl import Context
from penstock.errors import DataError, UsageError


@pytest.fixture
def schema(tmp_path: Path) -> Schema:
    return Schema(str(tmp_path / "schema"))


def test_a_curated_schema_is_published_as_it_is(
    tmp_path: Path, schema: Schema, ctx: Context, events: list[dict[str, Any]]
) -> None:
    """The file is the schema; the note counts what it asks for."""
    file = tmp_path / "curated.pbtxt"
    file.write_text("# kept by hand\nfeature { name: 'fare' type: INT presence { min_fraction: 1 } }\n")
    ImportSchemaGen.function(schema=schema, schema_file=str(file), ctx=ctx)
    (feature,) = read_schema(schema).feature
    assert (feature.name, feature.presence.min_fraction) == ("fare", 1.0)
    assert events == [{"type": "note", "text": "curated: 1 features, 1 required in every row"}]


def test_a_bad_curated_schema_is_an_error_and_leaves_nothing(tmp_path: Path, schema: Schema, ctx: Context) -> None:
    """Malformed text names its line, a missing file itself; no schema is written."""
    file = tmp_path / "curated.pbtxt"
    with pytest.raises(UsageError, match="no schema file"):
        ImportSchemaGen.function(schema=schema, schema_file=str(file), ctx=ctx)
    file.write_text("feature {\n name 'fare'\n}")
    with pytest.raises(DataError) as caught:
        ImportSchemaGen.function(schema=schema, schema_file=str(file), ctx=ctx)
    assert caught.value.line == 2
    assert not schema.file.exists()
