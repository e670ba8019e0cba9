"""Running one node's component, in whatever process: from a request of plain data to a result of plain data."""

from __future__ import annotations

import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from penstock.artifacts import Artifact, Value, artifact_type
from penstock.dsl import Component, Context
from penstock.dsl.options import NodeOptions
from penstock.dsl.parameters import absolute, validated
from penstock.dsl.user_code import boundary
from penstock.errors import NodeError, PenstockError, carried
from penstock.orchestration.plan import load_component
from penstock.storage.digests import Content, typed_content
from penstock.storage.refusal import is_refusal, refusal_in, storage_error

__all__ = ["ArtifactValue", "Request", "Result", "execute"]

Emit = Callable[[dict[str, Any]], None]

_PENSTOCK = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class ArtifactValue:
    """An artifact as data: what a node is given and what it gives back."""

    type: str
    uri: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    custom_properties: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None

    def instance(self) -> Artifact:
        """The artifact object that a component's function sees."""
        return artifact_type(self.type)(
            self.uri, properties=dict(self.properties), custom_properties=dict(self.custom_properties), id=self.id
        )


@dataclass(frozen=True)
class Request:
    """Everything that a process needs to run a node. JSON-able.

    Attributes:
        directory: The project's directory, from which relative paths start.
        parameters: By name, as JSON.
        inputs: The artifact of each input that has one.
        outputs: The artifact of each output; its uri is a directory to make and to write to.
        earlier: The outputs of an earlier execution that measured the same (`Component.measured`).
        temporary: An empty directory for what is not to stay; one is made where the caller has none.
        options: How the node is run; its Beam options are in ``beam_options``, over those of the profile.
    """

    node: str
    pipeline: str
    run: str
    ref: str
    directory: str
    inputs: Mapping[str, ArtifactValue]
    outputs: Mapping[str, ArtifactValue]
    parameters: Mapping[str, Any]
    beam_options: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, ArtifactValue] = field(default_factory=dict)
    temporary: str | None = None
    options: NodeOptions = field(default_factory=NodeOptions)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; `from_json` gives an equal request back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Request:
        """The request that `to_json` wrote."""
        artifacts = {
            side: {name: ArtifactValue(**artifact) for name, artifact in value.get(side, {}).items()}
            for side in ("inputs", "outputs", "earlier")
        }
        options = NodeOptions.from_json(value.get("options", {}))
        return cls(**{**value, **artifacts, "options": options})


@dataclass(frozen=True)
class Result:
    """What a node left: its outputs with the properties that it gave them, and the content of each."""

    outputs: Mapping[str, ArtifactValue]
    contents: Mapping[str, Content] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As a JSON value; `from_json` gives an equal result back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Result:
        """The result that `to_json` wrote."""
        return cls(
            {name: ArtifactValue(**one) for name, one in value["outputs"].items()},
            {name: Content(**one) for name, one in value["contents"].items()},
        )


def execute(request: Request, emit: Emit) -> Result:
    """Runs the node and returns what it left.

    Raises:
        PenstockError: Whatever went wrong, in the terms of `penstock.errors`; the traceback is on stderr, which is
            the node's log.
    """
    directory = Path(request.directory)
    with _told(request.node), _temporary(request) as temp_dir:
        component = load_component(request.ref, directory)
        outputs = {name: value.instance() for name, value in request.outputs.items()}
        for name, artifact in outputs.items():
            if not component.outputs[name].value:
                # Not its parents: where the attempt's directory is gone, the attempt was taken for dead.
                artifact.path().mkdir(exist_ok=True)
        context = Context(
            node=request.node,
            pipeline=request.pipeline,
            run=request.run,
            temp_dir=Path(temp_dir),
            beam_options=request.beam_options,
            earlier={name: value.instance() for name, value in request.earlier.items()},
            emit=emit,
        )
        with closing(context):
            returned = _call(component, request, outputs, context, directory)
        _keep_values(component, outputs, returned, request.node)
        _hold_to_promise(component, outputs, request.node)
        # Here and not in the launcher: reading a model or rows takes libraries that only this process has loaded.
        contents = {name: typed_content(artifact) for name, artifact in outputs.items()}
    values = {
        name: ArtifactValue(
            type(artifact).type_name, artifact.uri, dict(artifact.properties), dict(artifact.custom_properties)
        )
        for name, artifact in outputs.items()
    }
    return Result(values, contents)


@contextmanager
def _temporary(request: Request) -> Iterator[str]:
    if request.temporary is not None:
        yield request.temporary
        return
    with tempfile.TemporaryDirectory(prefix="penstock-") as directory:
        yield directory


def _call(
    component: Component, request: Request, outputs: Mapping[str, Artifact], context: Context, directory: Path
) -> Any:
    arguments: dict[str, Any] = dict.fromkeys(component.inputs)
    arguments |= {name: value.instance() for name, value in request.inputs.items()}
    arguments |= {name: artifact for name, artifact in outputs.items() if not component.outputs[name].value}
    for name, value in request.parameters.items():
        spec = component.parameters[name]
        if spec.kind:
            arguments[name] = absolute(value, directory)
        else:
            arguments[name] = validated(component, name, value, request.node)
    if component.context:
        arguments[component.context] = context
    if Path(component.function.__code__.co_filename).is_relative_to(_PENSTOCK):
        return component.function(**arguments)
    with boundary(f"component {component.name}", node=request.node):
        return component.function(**arguments)


def _keep_values(component: Component, outputs: Mapping[str, Artifact], returned: Any, node: str) -> None:
    names = [name for name, spec in component.outputs.items() if spec.value]
    if not names:
        return
    missing = [name for name in names if not hasattr(returned, name)]
    if missing:
        raise NodeError(
            f"{component.name} returned {returned!r}, which has no field {missing[0]!r}.",
            hint="Return the NamedTuple that the annotation promises.",
            node=node,
        )
    for name in names:
        artifact = outputs[name]
        assert isinstance(artifact, Value)
        try:
            artifact.write(getattr(returned, name))
        except (TypeError, ValueError) as error:
            raise NodeError(
                f"{component.name} returned {name}={getattr(returned, name)!r}, which is no JSON value.", node=node
            ) from error


def _hold_to_promise(component: Component, outputs: Mapping[str, Artifact], node: str) -> None:
    for name, artifact in outputs.items():
        if not type(artifact).may_be_empty and not any(artifact.path().iterdir()):
            raise NodeError(
                f"{component.name} ended without writing its output {name!r}.",
                hint=f"It must write files to {name}.path(...).",
                node=node,
            )


@contextmanager
def _told(node: str) -> Iterator[None]:
    """Turns whatever a component raises into one of `penstock.errors`, and leaves the traceback in the log."""
    try:
        yield
    except PenstockError as error:
        _print_traceback(error)
        raise error.with_facts(node=node) from None
    except SystemExit as error:
        _print_traceback(error)
        raise NodeError(
            f"The node's code called sys.exit, exit code {error.code}.", hint="Raise an error that says why.", node=node
        ) from error
    except Exception as error:  # the outermost frame of the node: whatever it was, it is told as one error
        _print_traceback(error)
        raise _as_penstock_error(error, node) from error


def _print_traceback(error: BaseException) -> None:
    traceback.print_exception(error, file=sys.stderr)
    sys.stderr.flush()


def _as_penstock_error(error: Exception, node: str) -> PenstockError:
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, PenstockError):
            return inner.with_facts(node=node)
        if isinstance(inner, OSError) and is_refusal(inner):
            return storage_error(inner).with_facts(node=node)
        inner = inner.__cause__ or inner.__context__
    told = carried(str(error)) or refusal_in(str(error))
    if told is not None:
        return told.with_facts(node=node)
    summary = str(error).strip().splitlines() or [""]
    return NodeError(
        f"{type(error).__name__}: {summary[0][:500]}", hint="The whole traceback is in the node's log.", node=node
    )
