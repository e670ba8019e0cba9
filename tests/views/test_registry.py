from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from penstock.artifacts import Artifact, ExampleStatistics, Model, artifact_type
from penstock.errors import DataError, StorageError, UsageError
from penstock.views import View, registry, view


@pytest.mark.parametrize("type_name", sorted(registry.OWN))
def test_every_view_is_of_a_type_that_is_there(type_name: str) -> None:
    """Each of the built-in views is made for a known type, by a function that is there."""
    assert artifact_type(type_name).type_name == type_name
    assert registry._maker(type_name) is not None


def test_most_types_have_no_view(tmp_path: Path) -> None:
    """A type without a view has none, and its payload is not even looked for."""
    assert view(Model(str(tmp_path / "nowhere"))) is None


def test_payloads_that_are_gone_or_elsewhere_are_said_to_be(tmp_path: Path) -> None:
    """A payload that is not on this machine, not there, or without splits, is an error that says so."""
    with pytest.raises(StorageError, match="does not lie on this machine"):
        view(ExampleStatistics("gs://bucket/x"))
    with pytest.raises(DataError, match="is gone"):
        view(ExampleStatistics(str(tmp_path / "x")))
    with pytest.raises(DataError, match="has no splits"):
        view(ExampleStatistics(f"file://{tmp_path}"))


@pytest.mark.parametrize("names", ["..", '["../../etc"]', '["a/../../.."]', "{", '"x"', "[1]"])
def test_names_of_splits_lead_nowhere_else(tmp_path: Path, names: str) -> None:
    """A store's property can name splits as it likes: outside of the payload nothing is read."""
    with pytest.raises(DataError):
        view(ExampleStatistics(str(tmp_path), properties={"split_names": names}))


class _Plugin:
    def __init__(self, made: object) -> None:
        self.made = made

    def load(self) -> object:
        return self.made

    def __str__(self) -> str:
        return "words 1.0"


class Unheard(Artifact):
    type_name = "Unheard"


def _broken(_: Artifact, links: Mapping[str, str]) -> View:
    raise KeyError(str(links))


def test_a_plugin_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another package's view raises, or gives in place of a view, is told with the package's name."""
    monkeypatch.setattr(registry, "plugin", lambda group, name: _Plugin(_broken))
    with pytest.raises(DataError, match=r"words 1\.0 failed to show this: KeyError"):
        view(Unheard(str(tmp_path)))
    monkeypatch.setattr(registry, "plugin", lambda group, name: _Plugin(lambda artifact, links: "<b>"))
    with pytest.raises(UsageError, match="gave a str, not a View"):
        view(Unheard(str(tmp_path)))
