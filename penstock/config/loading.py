"""Loading ``pipeline.yaml``: overrides, profiles, paths; every fault names file, line and column."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from penstock.config.model import Config, DataConfig, KeyPath, Origin, Profile
from penstock.config.yaml_file import YamlFile, parse_scalar
from penstock.errors import ConfigError, did_you_mean

__all__ = ["CONFIG_FILE", "load_config", "read_values", "resolved"]

CONFIG_FILE = "pipeline.yaml"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_DEFAULT_PROFILE = {"pipeline_root": ".penstock", "metadata": "sqlite:///.penstock/metadata.db"}


def load_config(
    path: str | Path,
    *,
    overrides: Iterable[str] = (),
    profile: str | None = None,
    path_keys: Collection[str] = ("data.path",),
    as_written: bool = False,
) -> Config:
    """Loads a pipeline's config.

    Args:
        path: The ``pipeline.yaml``, or the directory it lies in.
        overrides: Each ``a.b=value``, as given to ``--set``; the value is read as YAML.
        profile: Name of the profile; the first one that is written if not given.
        path_keys: Keys whose values are paths. In the file they start from its directory, in an override from the
            working directory; they are absolute afterwards.
        as_written: Leave the profile as it is written, for a machine with another environment: see `resolved`.

    Raises:
        ConfigError: Anything in it is wrong; names file, line and column, or the override.
    """
    values, origin, file = read_values(path, overrides=overrides, path_keys=path_keys)
    checked = _validated(values, origin)
    sections = {key: value for key, value in values.items() if key not in ("name", "data", "profiles")}
    for key, value in sections.items():
        if value is not None and not isinstance(value, Mapping):
            raise ConfigError(
                f"The section {key!r} must be a mapping of parameters, found {value!r}.",
                hint="A section is the id of a node; its keys are the parameters of that node's component.",
                **origin((key,)).facts(),
            )
    chosen = _profile(checked.profiles, profile, origin)
    data = checked.data.model_dump()
    return Config(
        name=checked.name,
        data=DataConfig(**data | {"url": _sqlite_path(data["url"], file.path.parent)}),
        profile=chosen if as_written else resolved(chosen, file.path.parent, origin),
        sections={key: dict(value or {}) for key, value in sections.items()},
        directory=file.path.parent,
        path=file.path,
        origin=origin,
    )


def read_values(
    path: str | Path, *, overrides: Iterable[str] = (), path_keys: Collection[str] = ()
) -> tuple[dict[str, Any], Any, YamlFile]:
    """The values as written, with overrides applied and paths made absolute; and where each of them comes from."""
    file = YamlFile(_config_file(Path(path)))
    values = file.values
    overridden: dict[KeyPath, Origin] = {}
    bases: dict[KeyPath, Path] = {}
    for override in overrides:
        keys, value = _parse_override(override)
        _put(values, keys, value, override)
        overridden[keys] = Origin(option=f"--set {override}")
        bases[keys] = Path.cwd()

    def origin(keys: KeyPath) -> Origin:
        for length in range(len(keys), 0, -1):
            if keys[:length] in overridden:
                return overridden[keys[:length]]
        return file.origin(keys)

    for name in path_keys:
        keys = tuple(name.split("."))
        written = _get(values, keys)
        for inner in [(*keys, key) for key in written] if isinstance(written, Mapping) else [keys]:
            base = bases.get(inner, bases.get(keys, file.path.parent))
            one = _get(values, inner)
            if isinstance(one, str) and "://" not in one:
                _put(values, inner, os.path.normpath(base / Path(one).expanduser()), name)
    return values, origin, file


def _config_file(path: Path) -> Path:
    if not path.exists():
        parent = path.parent if path.parent.is_dir() else Path()
        near = [str(parent / entry.name) for entry in parent.iterdir()]
        raise ConfigError(f"There is no pipeline at {path}.", hint=did_you_mean(str(path), near), key=str(path))
    file = path / CONFIG_FILE if path.is_dir() else path
    if file.suffix == ".py" and file.with_name(CONFIG_FILE).is_file():
        file = file.with_name(CONFIG_FILE)
    if not file.is_file():
        raise ConfigError(
            f"There is no {CONFIG_FILE} in {path.resolve()}.",
            hint="Give the directory of a pipeline, or its pipeline.yaml.",
        )
    return file.resolve()


def _parse_override(text: str) -> tuple[KeyPath, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip("."):
        raise ConfigError(
            f"--set {text}: expected KEY=VALUE.", hint="For example --set trainer.train_args.num_steps=200.", key=text
        )
    return tuple(int(part) if part.isdigit() else part for part in key.split(".")), parse_scalar(value)


def _get(values: Any, keys: KeyPath) -> Any:
    for key in keys:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    return values


def _holds(values: Any, keys: KeyPath) -> bool:
    within = _get(values, keys[:-1])
    return isinstance(within, list) or (isinstance(within, dict) and keys[-1] in within)


def _put(values: Any, keys: KeyPath, value: Any, override: str) -> None:
    for depth, key in enumerate(keys[:-1]):
        if isinstance(values, list) and isinstance(key, int) and key < len(values):
            values = values[key]
        elif isinstance(values, dict):
            if not isinstance(values.get(str(key)), (dict, list)):
                values[str(key)] = {}
            values = values[str(key)]
        else:
            at = ".".join(map(str, keys[: depth + 1]))
            raise ConfigError(f"--set {override}: there is no {at}.", key=override)
    last = keys[-1]
    if isinstance(values, list):
        if not isinstance(last, int) or last >= len(values):
            raise ConfigError(f"--set {override}: the list has {len(values)} items, {last!r} is none.", key=override)
        values[last] = value
    else:
        values[str(last)] = value


def _validated(values: dict[str, Any], origin: Any) -> Any:
    """Holds the keys that every pipeline has against their types; the message names the key and what was expected."""
    from pydantic import ValidationError

    from penstock.config.schema import PipelineFile

    try:
        return PipelineFile.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        keys: KeyPath = first["loc"]
        while len(keys) > 1 and first["type"] != "missing" and not _holds(values, keys):
            keys = keys[:-1]  # which of several types was tried
        name = ".".join(map(str, keys))
        if first["type"] == "missing":
            raise ConfigError(
                f"The key {name!r} is missing.", hint=f"Add {keys[-1]}: ...", key=name, **origin(keys[:-1]).facts()
            ) from error
        if first["type"] == "extra_forbidden":
            known = PipelineFile.keys_at(keys[:-1])
            raise ConfigError(
                f"Unknown key {name!r}.", hint=did_you_mean(str(keys[-1]), known), key=name, **origin(keys).facts()
            ) from error
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{name}: {message}, found {first['input']!r}.", key=name, **origin(keys).facts()) from error


def _profile(written: Mapping[str, Any], name: str | None, origin: Any) -> Profile:
    if name is None:
        name = next(iter(written), "local")
    elif name not in written and not (name == "local" and not written):
        raise ConfigError(
            f"There is no profile {name!r}.",
            hint=did_you_mean(name, written) or "Add a section profiles.",
            key="profiles",
            **origin(("profiles",)).facts(),
        )
    dumped = written[name].model_dump() if name in written else {}
    given = {key: value for key, value in dumped.items() if value is not None}
    return Profile(name=name, **{"runner": "local", **_DEFAULT_PROFILE, **given})


def resolved(profile: Profile, directory: Path, origin: Any = lambda _: Origin()) -> Profile:
    """The profile as this machine reads it: variables from the environment, paths from the project's directory.

    Raises:
        ConfigError: A variable is not set.
    """
    settings = {
        key: _expanded(value, ("profiles", profile.name, key), origin)
        for key, value in vars(profile).items()
        if key != "name"
    }
    root = settings["pipeline_root"]
    if "://" not in root:
        settings["pipeline_root"] = os.path.normpath(directory / Path(root).expanduser())
    settings["metadata"] = _sqlite_path(settings["metadata"], directory)
    return Profile(name=profile.name, **settings)


def _sqlite_path(url: str, directory: Path) -> str:
    """The URL; the path of an SQLite database starts from the project's directory."""
    prefix = "sqlite:///"
    return prefix + os.path.normpath(directory / url.removeprefix(prefix)) if url.startswith(prefix) else url


def _expanded(value: Any, keys: KeyPath, origin: Any) -> Any:
    """The value with every ``${VARIABLE}`` and ``${VARIABLE:-default}`` replaced from the environment."""
    if isinstance(value, Mapping):
        return {key: _expanded(item, (*keys, key), origin) for key, item in value.items()}
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        found = os.environ.get(match[1], match[2])
        if found is None:
            raise ConfigError(
                f"{'.'.join(map(str, keys))} needs the environment variable {match[1]}, which is not set.",
                hint=f"Run `export {match[1]}=...` first, or write ${{{match[1]}:-default}}.",
                key=match[1],
                **origin(keys).facts(),
            )
        return found

    return _VARIABLE.sub(replace, value)
