"""Which view an artifact has: Penstock's own by the artifact's type, others from plug-ins."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Final

from penstock.artifacts import Artifact
from penstock.errors import DataError, PenstockError, UsageError
from penstock.plugins import ARTIFACT_VIEWS, plugin
from penstock.views.places import local
from penstock.views.view import View

__all__ = ["OWN", "Maker", "view"]

Maker = Callable[[Artifact, Mapping[str, str]], View]

OWN: Final[Mapping[str, str]] = {
    "ExampleAnomalies": "anomalies",
    "ExampleStatistics": "statistics",
    "Examples": "examples",
    "ModelEvaluation": "evaluation",
    "Schema": "schema",
}
"""The module of this package that makes the view of a type, each with a function ``make``."""


def view(artifact: Artifact, links: Mapping[str, str] | None = None) -> View | None:
    """What an artifact looks like; None if its type has no view.

    Args:
        artifact: The artifact; its payload lies on this machine.
        links: Addresses of related artifacts' pages, by the name of the input: ``statistics``, ``schema``. Cells
            lead there.

    Raises:
        DataError: The payload is missing or damaged, or the plug-in that makes the view failed.
        StorageError: The payload lies elsewhere.
        UsageError: The plug-in cannot be loaded.
    """
    maker = _maker(artifact.type_name)
    if maker is None:
        return None
    return maker(local(artifact), links or {})


def _maker(type_name: str) -> Maker | None:
    if type_name in OWN:
        maker: Maker = importlib.import_module(f"penstock.views.{OWN[type_name]}").make
        return maker
    found = plugin(ARTIFACT_VIEWS, type_name)
    if found is None:
        return None
    made = found.load()

    def guarded(artifact: Artifact, links: Mapping[str, str]) -> View:
        try:
            result = made(artifact, links)
        except PenstockError:
            raise
        except Exception as error:  # whatever another package does, it is named
            raise DataError(
                f"The plug-in {found} failed to show this: {type(error).__name__}: {error}", path=artifact.uri
            ) from error
        if not isinstance(result, View):
            raise UsageError(f"The plug-in {found} gave a {type(result).__name__}, not a View.")
        return result

    return guarded
