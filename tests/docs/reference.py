"""Writes docs/pipeline-yaml.md from the JSON Schema of ``pipeline.yaml``: ``python tests/docs/reference.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from penstock.orchestration.standard import config_schema

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pipeline-yaml.md"

_BEGIN = """\
# pipeline.yaml

One file says what a pipeline is; its `profiles` say where it runs. Relative paths start from the file's directory.
An unknown key or a wrong value is an error with file, line and column.

- `--set a.b=value` changes a value for one command; the value is read as YAML.
- `penstock config show` prints what a run would see, `penstock config check` says what is wrong.
- `penstock config schema` prints this page as a JSON Schema, for editors.
- In a profile, `${VARIABLE}` and `${VARIABLE:-default}` are read from the environment.
- With a `pipeline.py` beside the file, a section is the id of one of its nodes, in lower case with underscores, and its
  keys are what `create_pipeline` makes of them: see [a component](extend/component.md).

`name` is required: letters, digits, `_`, `-` and `.`. The standard pipeline places `Transform`, `Trainer`, `Evaluator`
and `Pusher` if their sections are there. *This page is written by `tests/docs/reference.py` from the schema.*
"""

_TITLES = {
    "data": "What comes in.",
    "profiles.NAME": "Where the pipeline runs. The first profile holds if `--profile` names none.",
    "profiles.NAME.nodes.NODE": "How single nodes are run, by their ids: see [node options](extend/node-option.md).",
}


def render() -> str:
    """The page as it should be."""
    schema = config_schema()
    definitions = schema.get("$defs", {})
    return _BEGIN + "".join(f"\n{section}" for section in _sections(schema, definitions))


def _sections(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    profile = definitions["ProfileSection"]
    (options,) = profile["properties"]["nodes"]["patternProperties"].values()
    tables = {"data": definitions["DataSection"], "profiles.NAME": profile, "profiles.NAME.nodes.NODE": options}
    tables |= {name: one for name, one in schema["properties"].items() if one.get("properties")}
    for name, one in tables.items():
        said = _TITLES.get(name) or f"{one['title']}. {one['description']}"
        yield f"## `{name}`\n\n{_plain(said)}\n\n{_table(_rows(one, definitions))}"


def _table(rows: Iterator[tuple[str, str, str, str]]) -> str:
    lines = ["| key | value | default | |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _rows(one: dict[str, Any], definitions: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Key, type, default and description of each property, those of objects inside it after it."""
    told = _attributes(one.get("description", ""))
    for name, value in one["properties"].items():
        required = name in one["required"] if "required" in one else not prefix and "default" not in value
        given = value.get("default")
        default = "required" if required else "" if given is None else f"`{_shown(given)}`"
        described = value.get("description", "").partition("\n")[0]
        yield f"`{prefix}{name}`", _kind(value, definitions), default, _plain(told.get(name) or described)
        inner, at = _inside(value, definitions)
        if inner is not None and name != "nodes":
            yield from _rows(inner, definitions, f"{prefix}{name}{at}.")


def _inside(value: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The object with keys of its own that a value is or holds, and how its place in it is written."""
    value = _resolved(value, definitions)
    if value.get("properties"):
        return value, ""
    for held, at in ((value.get("items"), "[]"), (value.get("additionalProperties"), ".FEATURE")):
        if isinstance(held, dict) and _resolved(held, definitions).get("properties"):
            return _resolved(held, definitions), at
    return None, ""


def _resolved(value: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    several = [one for one in value.get("anyOf", []) if one.get("type") != "null"]
    if len(several) == 1:
        return _resolved(several[0], definitions)
    return dict(definitions[value["$ref"].rpartition("/")[2]]) if "$ref" in value else value


def _kind(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if "$ref" in value:
        return "mapping"
    if "anyOf" in value:
        return " or ".join(
            dict.fromkeys(_kind(one, definitions) for one in value["anyOf"] if one.get("type") != "null")
        )
    kind = {"object": "mapping", "array": "list", "string": "text", "boolean": "true or false"}.get(
        value.get("type", ""), value.get("type", "any")
    )
    return f"list of {_kind(value['items'], definitions)}" if kind == "list" and "type" in value["items"] else kind


def _attributes(description: str) -> dict[str, str]:
    found = re.findall(r"^ +(\w+): (.*(?:\n {8,}.*)*)", description.partition("Attributes:\n")[2], re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return value or '""' if isinstance(value, str) else json.dumps(value)


def _plain(text: str) -> str:
    return text.replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(render())
    print(f"Written: {PAGE}")
