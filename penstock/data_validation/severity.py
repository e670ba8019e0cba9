"""How serious each type of anomaly is: `Policy`, `severity_of`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

__all__ = ["Policy", "Severity", "check_severity", "severity_of"]

Severity = Literal["error", "warning", "ignore"]

Policy = Mapping[str, Severity | Mapping[str, Severity]]
"""By type of anomaly, for all features or by feature."""


def severity_of(policy: Policy, type_: str, feature: str) -> Severity:
    """How serious an anomaly of this type on this feature is: an error unless the policy says otherwise.

    >>> severity_of({"SCHEMA_NEW_COLUMN": "warning", "FLOAT_TYPE_BIG_FLOAT": {"fare": "ignore"}},
    ...             "FLOAT_TYPE_BIG_FLOAT", "fare")
    'ignore'
    """
    said = policy.get(type_, "error")
    return said if isinstance(said, str) else said.get(feature, "error")


def check_severity(parameters: Mapping[str, Any]) -> None:
    """Refuses a policy for a type of anomaly that does not exist.

    Raises:
        GraphError: Names the type, and the one that may be meant.
    """
    said = parameters.get("severity")
    if not said:
        return
    # Every command checks the graph, and mostly there is nothing to look up: the protos take 27 ms to import.
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    from penstock.errors import GraphError, did_you_mean

    known = anomalies_pb2.AnomalyInfo.Type.keys()
    for type_ in said:
        if type_ not in known:
            raise GraphError(
                f"There is no type of anomaly {type_!r}.",
                hint=did_you_mean(type_, known) or "docs/anomalies.md lists them.",
                argument="severity",
            )
