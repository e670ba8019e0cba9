"""A project: a directory with a ``pipeline.yaml`` and, when the standard DAG is not enough, a ``pipeline.py``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from penstock.config import Config, load_config
from penstock.dsl import Pipeline, check
from penstock.dsl.user_code import boundary, function_of, load_module
from penstock.errors import ConfigError, GraphError, UsageError, UserCodeError, did_you_mean
from penstock.orchestration.node_options import lay_over
from penstock.orchestration.standard import path_keys, section_name, standard_pipeline

__all__ = ["Project", "load_project"]

PIPELINE_FILE = "pipeline.py"


@dataclass(frozen=True)
class Project:
    """A pipeline with its config, checked, ready to be planned."""

    config: Config
    pipeline: Pipeline

    @property
    def directory(self) -> Path:
        return self.config.directory


def load_project(
    path: str | Path,
    *,
    overrides: Iterable[str] = (),
    profile: str | None = None,
    standard: bool = False,
    as_written: bool = False,
) -> Project:
    """Loads and checks a pipeline; no data is read and no store opened.

    Args:
        path: The project's directory, or a ``pipeline.yaml`` or ``pipeline.py`` in it.
        overrides: Each ``a.b=value``.
        profile: Where it is to run; the config's first profile if not given.
        standard: Take the standard pipeline even where there is a ``pipeline.py``.
        as_written: Leave the profile as it is written, for another machine to resolve.

    Raises:
        ConfigError: The config, or a parameter that it gives to a node, is wrong; names file, line and column.
        GraphError: The pipeline is wrong in a way that has no place in the config.
    """
    config = load_config(path, overrides=overrides, profile=profile, path_keys=path_keys(), as_written=as_written)
    own = config.directory / PIPELINE_FILE
    try:
        has_own = own.is_file() and not standard
        pipeline = _own_pipeline(own, config) if has_own else standard_pipeline(config)
        _no_unread_sections(config, pipeline)
        check(pipeline)
        _modules_are_python(config, pipeline)
        lay_over(pipeline, config, as_written=as_written)
    except GraphError as error:
        raise _mistyped_section(error, config) or _located(error, config) from error
    return Project(config, pipeline)


def _own_pipeline(file: Path, config: Config) -> Pipeline:
    create = function_of(load_module(file), "create_pipeline")
    with boundary("create_pipeline", path=str(file)):
        pipeline = create(config)
    if not isinstance(pipeline, Pipeline):
        raise UsageError(
            f"create_pipeline returned {pipeline!r}.", hint="It must return the Pipeline it made.", path=str(file)
        )
    return pipeline


def _modules_are_python(config: Config, pipeline: Pipeline) -> None:
    """Finds a module file that is missing, or that Python cannot read, before hours of other nodes have run."""
    for node in pipeline.nodes.values():
        for name, spec in node.component.parameters.items():
            value = node.parameters.get(name, spec.default)
            if spec.kind != "module" or not isinstance(value, str) or not value:
                continue
            file = config.directory / value
            if not file.is_file():
                near = [other.name for other in file.parent.glob("*.py")] if file.parent.is_dir() else []
                raise GraphError(
                    f"Node {node.id}: there is no module file {file}.",
                    hint=did_you_mean(file.name, near),
                    node=node.id,
                    argument=name,
                )
            try:
                compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
            except (SyntaxError, ValueError) as error:
                line = getattr(error, "lineno", None)
                text = (getattr(error, "text", None) or "").strip()
                raise UserCodeError(
                    f"The module file of {node.id} is not valid Python: {getattr(error, 'msg', error)}."
                    + (f"\n    {text}" if text else ""),
                    path=str(file),
                    line=line,
                    col=getattr(error, "offset", None),
                ) from error


def _no_unread_sections(config: Config, pipeline: Pipeline) -> None:
    known = {section_name(node_id) for node_id in pipeline.nodes}
    for section in config.sections:
        if section not in known and section not in config.read:
            raise _unread(section, {*known, "data", "profiles"}, config)
    if not (config.sections.keys() & known):
        return
    for section in sorted(config.sections.keys() & known - config.read):
        raise ConfigError(
            f"{PIPELINE_FILE} places the node but does not read the section {section!r}.",
            hint=f'Give the component **config["{section}"], or take the section out.',
            key=section,
            **config.origin((section,)).facts(),
        )


def _mistyped_section(error: GraphError, config: Config) -> ConfigError | None:
    """A node that lacks what a section with nearly its name would have given: then that name is the fault."""
    wanted = section_name(error.facts.get("node", ""))
    if not wanted or wanted in config.sections:
        return None
    near = difflib.get_close_matches(wanted, set(config.sections) - config.read, n=1)
    return _unread(near[0], {wanted}, config) if near else None


def _unread(section: str, known: set[str], config: Config) -> ConfigError:
    return ConfigError(
        f"No node reads the section {section!r}.",
        hint=did_you_mean(section, known),
        key=section,
        **config.origin((section,)).facts(),
    )


def _located(error: GraphError, config: Config) -> GraphError | ConfigError:
    """A fault in a parameter that was written in the config is told with its file, line and column."""
    node, argument = error.facts.get("node"), error.facts.get("argument", "")
    section = section_name(node) if node else ""
    if section in config.sections and argument in config.sections[section]:
        origin = config.origin((section, argument, *error.facts.get("at", [])))
        return ConfigError(error.message, hint=error.hint, key=f"{section}.{argument}", **origin.facts())
    if section in config.sections and config.path:
        return ConfigError(error.message, hint=error.hint, key=section, **config.origin((section,)).facts())
    return error
