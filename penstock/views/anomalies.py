"""Anomalies: what does not fit the schema, the worst first, with its evidence and what to do."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tensorflow_metadata.proto.v0 import anomalies_pb2

from penstock.artifacts import Artifact, ExampleAnomalies
from penstock.data_validation.bounds import ANOMALY_OF
from penstock.data_validation.changes import changed_lines
from penstock.data_validation.files import read_anomalies
from penstock.errors import DataError
from penstock.gates import Verdict
from penstock.views.places import splits_of
from penstock.views.view import Cell, Table, Tone, View, cut, jsonable, shown, url_of

__all__ = ["make"]

MOST_ANOMALIES: Final = 1000
MOST_LINES: Final = 40
_DATASET: Final = "(the whole)"
_RANK: Final[Mapping[str, int]] = {"ERROR": 0, "WARNING": 1, "UNKNOWN": 2}
_TONES: Final[Mapping[str, Tone]] = {"ERROR": "bad", "WARNING": "held"}


def make(artifact: Artifact, links: Mapping[str, str]) -> View:
    """The view of an `ExampleAnomalies`: its anomalies, and the distances that were held to a bound."""
    assert isinstance(artifact, ExampleAnomalies)
    splits = splits_of(artifact)
    protos = {split: read_anomalies(artifact, split) for split in splits}
    anomalies = _anomalies(protos, _evidence(artifact))
    distances = [one for split, proto in protos.items() for one in _distances(split, proto)]
    empty = [split for split, proto in protos.items() if proto.data_missing]
    data = {
        "splits": splits,
        "no_examples": empty,
        "anomalies": anomalies[:MOST_ANOMALIES],
        "distances": distances,
    }
    notes = [f"{split} has no examples." for split in empty]
    if not anomalies and not notes:
        notes.append(f"No anomalies in {' and '.join(splits)}.")
    return View("anomalies", "Anomalies", data, tuple(_tables(anomalies, distances, links)), tuple(notes))


def _anomalies(
    protos: Mapping[str, anomalies_pb2.Anomalies], evidence: Mapping[tuple[str, str], Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One for each feature and reason; the splits that share it are listed."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for split, proto in protos.items():
        infos = [(_name(key, info), info) for key, info in proto.anomaly_info.items()]
        if proto.HasField("dataset_anomaly_info"):
            infos.append(("", proto.dataset_anomaly_info))
        for feature, info in infos:
            severity = anomalies_pb2.AnomalyInfo.Severity.Name(info.severity)
            for reason in info.reason or [info]:
                type_ = anomalies_pb2.AnomalyInfo.Type.Name(getattr(reason, "type", 0))
                known = found.get((feature, type_))
                if known is not None:
                    known["splits"].append(split)
                    continue
                found[feature, type_] = {
                    "feature": feature,
                    "type": type_,
                    "severity": severity,
                    "title": reason.short_description,
                    "message": reason.description,
                    "splits": [split],
                    **_split_off(evidence.get((feature, type_)) or _drifted(evidence, feature, type_), info),
                    "command": f"penstock schema accept {shlex.quote(feature)}" if info.diff_regions else "",
                }
    return sorted(found.values(), key=lambda one: (_RANK[one["severity"]], one["feature"], one["type"]))


def _drifted(evidence: Mapping[tuple[str, str], Mapping[str, Any]], feature: str, type_: str) -> Mapping[str, Any]:
    """The evidence of a distance's verdict, which is named otherwise than its anomaly; of drift before that of skew."""
    distance = next((name for name, known in ANOMALY_OF.items() if known == type_), "")
    checks = [(feature, f"{what} {distance}") for what in ("drift", "skew")]
    return next((evidence[check] for check in checks if check in evidence), {})


def _split_off(evidence: Mapping[str, Any], info: anomalies_pb2.AnomalyInfo) -> dict[str, Any]:
    """What is evidence, and which lines of the schema or of the config would change."""
    changes = evidence.get("schema_change") or list(changed_lines(info.diff_regions))[:MOST_LINES]
    kept = {name: value for name, value in evidence.items() if name not in ("schema_change", "config_change")}
    return {
        "evidence": jsonable(kept),
        "schema_change": jsonable(changes),
        "config_change": jsonable(evidence.get("config_change", "")),
    }


def _name(key: str, info: anomalies_pb2.AnomalyInfo) -> str:
    return ".".join(info.path.step) or key


def _evidence(artifact: ExampleAnomalies) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What the verdicts say beyond the anomalies; another tool's artifact has none."""
    file = artifact.path("verdicts.json")
    if not file.is_file():
        return {}
    try:
        verdicts = [Verdict.from_json(one) for one in json.loads(file.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise DataError(f"The verdicts cannot be read: {error}", hint="Is the file damaged?", path=str(file)) from error
    return {
        (one.subject, one.check): {name: value for name, value in one.evidence.items() if name != "splits"}
        for one in verdicts
        if one.outcome != "pass"
    }


def _distances(split: str, proto: anomalies_pb2.Anomalies) -> Iterator[dict[str, Any]]:
    for info in proto.drift_skew_info:
        for what in ("drift", "skew"):
            for one in getattr(info, f"{what}_measurements"):
                yield {
                    "feature": ".".join(info.path.step),
                    "split": split,
                    "what": what,
                    "distance": anomalies_pb2.DriftSkewInfo.Measurement.Type.Name(one.type),
                    "value": one.value,
                    "bound": one.threshold,
                }


def _tables(
    anomalies: list[dict[str, Any]], distances: list[dict[str, Any]], links: Mapping[str, str]
) -> Iterator[Table]:
    def feature(name: str) -> Cell:
        return Cell(name or _DATASET, link=url_of(links, "statistics", name) if name else "")

    if anomalies:
        yield Table(
            "Anomalies",
            ("feature", "severity", "what", "splits", "evidence", "schema", "to accept"),
            tuple(
                (
                    feature(one["feature"]),
                    Cell(one["severity"].lower(), tone=_TONES.get(one["severity"], "")),
                    Cell(one["title"] or one["type"], one["message"]),
                    ", ".join(one["splits"]),
                    Cell("", "\n".join(f"{name}: {_listed(value)}" for name, value in one["evidence"].items())),
                    Cell("expects", link=url_of(links, "schema", one["feature"])) if links.get("schema") else "",
                    _accepting(one),
                )
                for one in anomalies[:MOST_ANOMALIES]
            ),
            left_out=max(0, len(anomalies) - MOST_ANOMALIES),
        )
    if distances:
        yield Table(
            "Distances held to a bound",
            ("feature", "split", "what", "distance", "value", "at most", "outcome"),
            tuple(
                (
                    feature(one["feature"]),
                    one["split"],
                    one["what"],
                    one["distance"].lower().replace("_", " "),
                    one["value"],
                    one["bound"],
                    Cell("fail", tone="bad") if one["value"] > one["bound"] else Cell("pass", tone="good"),
                )
                for one in sorted(distances, key=lambda one: one["bound"] - one["value"])
            ),
            ("value", "at most"),
        )


def _accepting(one: Mapping[str, Any]) -> Cell:
    """The command that takes the data as right, and what it would change; or what to write into pipeline.yaml."""
    if one["config_change"]:
        return Cell("example_validator in pipeline.yaml", one["config_change"])
    return Cell(one["command"], "\n".join(one["schema_change"])) if one["command"] else Cell("")


def _listed(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {shown(item)}" for name, item in value.items())
    return ", ".join(shown(item) for item in value) if isinstance(value, list) else cut(shown(value), 2000)
