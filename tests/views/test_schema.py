from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.artifacts import Schema
from penstock.views import Cell, view
from tests.views.conftest import HOSTILE

SCHEMA = """
default_environment: "TRAINING" default_environment: "SERVING"
string_domain { name: "payment" value: "Cash" value: "Card" }
feature { name: "fare" type: FLOAT presence { min_fraction: 1.0 min_count: 1 } shape { dim { size: 1 } }
          float_domain { min: 0 disallow_nan: true } drift_comparator { jensen_shannon_divergence { threshold: 0.1 } } }
feature { name: "payment" type: BYTES domain: "payment" presence { min_fraction: 0.5 } value_count { min: 1 max: 3 }
          skew_comparator { infinity_norm { threshold: 0.05 } } }
feature { name: "tips" type: FLOAT not_in_environment: "SERVING" lifecycle_stage: PLANNED }
feature { name: "trip" type: STRUCT struct_domain { feature { name: "miles" type: INT int_domain { min: 0 max: 9 } } } }
feature { name: "old" type: INT deprecated: true unique_constraints { min: 2 } }
"""


def features(schema: Schema) -> dict[str, dict[str, Any]]:
    """The features of the model by name."""
    found = view(schema)
    assert found is not None
    return {one["name"]: one for one in found.model()["features"]}


def test_a_schema_is_told_in_words(make_schema: Callable[..., Schema]) -> None:
    """Presence, numbers of values, domains, environments, bounds and stages are said of each feature."""
    found = features(make_schema(SCHEMA))
    assert list(found) == ["fare", "payment", "tips", "trip", "trip.miles", "old"]
    assert found["fare"] | {"name": ""} == {
        "name": "",
        "type": "FLOAT",
        "stage": "",
        "presence": "required",
        "values": "shape (1)",
        "domain": "0 or more, no NaN",
        "environments": "",
        "bounds": "drift Jensen-Shannon <= 0.1",
    }
    assert found["payment"]["presence"] == "in 50 % of rows"
    assert found["payment"]["values"] == "1 to 3"
    assert found["payment"]["domain"] == "payment: 'Cash', 'Card'"
    assert found["payment"]["bounds"] == "skew L-infinity <= 0.05"
    assert (found["tips"]["environments"], found["tips"]["stage"]) == ("not SERVING", "planned")
    assert found["trip.miles"]["domain"] == "0 to 9"
    assert (found["old"]["stage"], found["old"]["bounds"]) == ("deprecated", "unique_constraints min: 2")


def test_features_lead_to_their_statistics(make_schema: Callable[..., Schema]) -> None:
    """Each feature is a link to its column of the statistics, where there is a page of them."""
    found = view(make_schema(SCHEMA), {"statistics": "/artifacts/2"})
    assert found is not None
    name = found.tables[0].rows[0][0]
    assert isinstance(name, Cell)
    assert name.link == "/artifacts/2#column=fare"
    assert found.notes == ("Default environments: TRAINING, SERVING.",)


def test_hostile_schemas_are_text(make_schema: Callable[..., Schema]) -> None:
    """What features and values are called is never markup."""
    escaped = HOSTILE.replace('"', '\\"')
    text = f'string_domain {{ name: "d" value: "{escaped}" }} feature {{ name: "{escaped}" type: BYTES domain: "d" }}'
    found = view(make_schema(text))
    assert found is not None
    assert "<img" not in found.html()
