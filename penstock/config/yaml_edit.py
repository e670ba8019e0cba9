"""Changing a YAML file a person wrote: one item more in a list, and not a character of the rest."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.errors import ConfigError

__all__ = ["flow", "with_item"]


def with_item(text: str, keys: Sequence[str], item: Mapping[str, Any], path: str = "") -> str:
    """The text with one more item at the end of the list at ``keys``; the last key's list is made where there is none.

    Args:
        text: YAML that is valid.
        keys: Where the list is: names of mappings, all but the last of which are there.
        item: What is added, written on one line.
        path: The file, for messages.

    Raises:
        ConfigError: The list cannot be reached, is no list, or is written in a way that cannot be added to.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    before = yaml.load(text)
    parent = before
    for key in keys[:-1]:
        parent = parent.get(key) if isinstance(parent, dict) else None
    found = parent.get(keys[-1]) if isinstance(parent, dict) else None
    if not isinstance(parent, dict) or not isinstance(found, list | None):
        raise ConfigError(f"{'.'.join(keys)} is no list that an item could be added to.", path=path)
    changed = _edited(text, keys, item)
    parent[keys[-1]] = [*(found or []), dict(item)]
    try:
        after = yaml.load(changed)
    except YAMLError:
        after = None
    # Anchors, merge keys and other rare forms: what would come out is not trusted but held against what is meant.
    if after != before:
        raise ConfigError(
            f"{'.'.join(keys)} is written in a way that cannot be added to.",
            hint=f"Add this item by hand: {flow(item)}",
            path=path,
        )
    return changed


def flow(item: Mapping[str, Any]) -> str:
    """A mapping as YAML on one line.

    >>> flow({"metric": "auc", "slices": [{"pay": "No: charge", "hour": 4}]})
    "{metric: auc, slices: [{pay: 'No: charge', hour: 4}]}"
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.width = 1 << 20
    mapping = CommentedMap(item)
    mapping.fa.set_flow_style()
    stream = io.StringIO()
    yaml.dump(mapping, stream)
    return stream.getvalue().strip()


def _edited(text: str, keys: Sequence[str], item: Mapping[str, Any]) -> str:
    from ruamel.yaml import YAML

    node = YAML(typ="safe", pure=True).compose(text)
    for key in keys[:-1]:
        node = _member(node, key)[1]
    known = next((pair for pair in node.value if pair[0].value == keys[-1]), None)
    if known is None:
        return _with_key(text, node, keys[-1], f"[{flow(item)}]", f"- {flow(item)}")
    key, value = known
    if value.tag.endswith(":null"):
        end = key.end_mark.index + text[key.end_mark.index :].index(":") + 1
        stop = max(value.end_mark.index, end) if value.value else end
        return f"{text[:end]} [{flow(item)}]{text[stop:]}"
    if value.flow_style:
        return _inside(text, value, flow(item))
    last = value.value[-1].start_mark
    # The dash stands before its item, which may be a mapping whose first key begins after it.
    dash = text.rindex("-", 0, last.index)
    indent = dash - (text.rfind("\n", 0, dash) + 1)
    return _after(text, last.line, indent, f"{' ' * indent}- {flow(item)}", sequence=True)


def _member(node: Any, key: str) -> Any:
    return next(pair for pair in node.value if pair[0].value == key)


def _with_key(text: str, mapping: Any, key: str, inline: str, item: str) -> str:
    if mapping.flow_style:
        return _inside(text, mapping, f"{key}: {inline}")
    last = mapping.value[-1][0].start_mark
    indent = " " * last.column
    return _after(text, last.line, last.column, f"{indent}{key}:\n{indent}  {item}", sequence=False)


def _inside(text: str, node: Any, added: str) -> str:
    """The text with something more before the bracket that ends a list or mapping written in brackets."""
    end = node.end_mark.index - 1
    kept = text[:end].rstrip()
    separator = ", " if node.value and not kept.endswith(",") else " " if node.value else ""
    return f"{kept}{separator}{added}{text[len(kept) : end]}{text[end:]}"


def _after(text: str, line: int, indent: int, added: str, *, sequence: bool) -> str:
    """The text with lines added after an entry that begins on a line, at an indentation, and ends where it is left."""
    lines = text.splitlines(keepends=True)
    end = line
    for number in range(line + 1, len(lines)):
        content = lines[number].strip()
        if not content or content.startswith("#"):
            continue
        depth = len(lines[number]) - len(lines[number].lstrip())
        # The items of a list may stand as far left as the key that it belongs to.
        if depth <= indent and not (not sequence and depth == indent and content.startswith("- ")):
            break
        end = number
    ending = "\r\n" if lines[0].endswith("\r\n") else "\n"
    if not lines[end].endswith("\n"):
        lines[end] += ending
    lines.insert(end + 1, added.replace("\n", ending) + ending)
    return "".join(lines)
