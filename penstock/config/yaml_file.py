"""Reading YAML with positions: plain values, and where each of them stands in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penstock.config.model import KeyPath, Origin
from penstock.errors import ConfigError

__all__ = ["YamlFile", "parse_scalar"]

_MAX_BYTES = 4 * 2**20
_MAX_VALUES = 100_000  # aliases of aliases grow without bound; no pipeline is this long


class YamlFile:
    """One YAML file: its values as plain dicts, lists and scalars, and the position of each.

    Raises:
        ConfigError: The file is missing, not UTF-8, not YAML, or does not hold a mapping.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.positions: dict[KeyPath, tuple[int, int]] = {}
        self._count = 0
        self.values: dict[str, Any] = self._read()

    def origin(self, keys: KeyPath) -> Origin:
        """Where the value at ``keys`` is written; of a value that is not there, where its nearest parent is."""
        for length in range(len(keys), -1, -1):
            if keys[:length] in self.positions:
                line, col = self.positions[keys[:length]]
                return Origin(str(self.path), line, col)
        return Origin(str(self.path))

    def _read(self) -> dict[str, Any]:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        text = self._text()
        try:
            node = YAML(typ="rt").load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = {"line": mark.line + 1, "col": mark.column + 1} if mark else {}
            problem = " ".join(str(part) for part in (error.context, error.problem) if part)
            raise ConfigError(
                f"This is not valid YAML: {problem.splitlines()[0] if problem else 'unreadable'}.",
                hint="Look at the indentation and quotes at this place and in the line before it.",
                path=str(self.path),
                **where,
            ) from error
        except YAMLError as error:
            raise ConfigError(f"This is not valid YAML: {error}.", path=str(self.path)) from error
        if not isinstance(node, dict):
            found = "nothing" if node is None else f"a {type(node).__name__.removeprefix('Commented').lower()}"
            raise ConfigError(
                f"Expected a mapping with the keys name, data and one section a node, found {found}.",
                hint="See `penstock config schema` for what a pipeline.yaml may hold.",
                path=str(self.path),
            )
        values = self._plain(node, ())
        assert isinstance(values, dict)
        return values

    def _text(self) -> str:
        try:
            raw = self.path.read_bytes()
        except OSError as error:
            raise ConfigError(f"The file cannot be read: {error.strerror}.", path=str(self.path)) from error
        if len(raw) > _MAX_BYTES:
            raise ConfigError(
                f"The file has {len(raw):,} bytes; a pipeline.yaml is never so long.", path=str(self.path)
            )
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            line = raw[: error.start].count(b"\n") + 1
            raise ConfigError(
                "The file is not UTF-8.", hint="Save it as UTF-8.", path=str(self.path), line=line
            ) from error

    def _plain(self, node: Any, keys: KeyPath) -> Any:
        self._count += 1
        if self._count > _MAX_VALUES:
            raise ConfigError(f"The file holds more than {_MAX_VALUES:,} values.", path=str(self.path))
        self._refuse_tag(node, keys)
        marked: Any = node  # ruamel's mappings and sequences know where their items stand
        if isinstance(node, dict):
            plain = {}
            for key, value in node.items():
                name = str(key)
                self._remember((*keys, name), (marked.lc.data or {}).get(key))
                plain[name] = self._plain(value, (*keys, name))
            return plain
        if isinstance(node, list):
            for index in range(len(node)):
                self._remember((*keys, index), (marked.lc.data or {}).get(index))
            return [self._plain(value, (*keys, index)) for index, value in enumerate(node)]
        return _scalar(node)

    def _remember(self, keys: KeyPath, position: list[int] | None) -> None:
        # What a merge key (<<) brings in has no position of its own: the place of the merge is told instead.
        if position is not None:
            self.positions[keys] = (position[0] + 1, position[1] + 1)

    def _refuse_tag(self, node: Any, keys: KeyPath) -> None:
        tag = getattr(getattr(node, "tag", None), "value", None)
        if tag is not None and tag != "tag:yaml.org,2002:str":
            raise ConfigError(
                f"{'.'.join(map(str, keys))}: the tag {tag} is not allowed.",
                hint="A pipeline.yaml holds plain values only.",
                **self.origin(keys).facts(),
            )


def _scalar(node: Any) -> Any:
    for kind in (bool, int, float, str):  # ruamel's scalars are subclasses that remember their formatting
        if isinstance(node, kind):
            return kind(node)
    return None if node is None else str(node)


def parse_scalar(text: str) -> Any:
    """The value of ``text`` as YAML would read it: ``3`` is a number, ``[a, b]`` a list, ``x`` a string."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text) if text else ""
    except YAMLError:
        return text
