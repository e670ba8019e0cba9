from __future__ import annotations

from pathlib import Path

import pytest

from penstock.errors import UsageError
from penstock.orchestration.code import IMPORTS, MODULE_LEVEL, ORDER, CodeDigest, closure_digest

FEATURES = '''\
"""Features."""
from __future__ import annotations

import math
from helper import scaled

LABEL = "tip"
SIZES = {"a": 1}

class Model:
    """A model."""
    layers = 2

    def call(self, x: int) -> int:
        """Calls it."""
        return x + self.layers

    def build(self) -> None:
        pass

def preprocessing_fn(inputs):
    # a comment
    return {LABEL: scaled(inputs["fare"], math.pi)}

if LABEL:
    print("loaded")
'''
HELPER = "def scaled(x, by):\n    return x * by\n"


def _digests(directory: Path, features: str = FEATURES, helper: str = HELPER) -> CodeDigest:
    directory.mkdir(exist_ok=True)
    (directory / "features.py").write_text(features)
    (directory / "helper.py").write_text(helper)
    return closure_digest([directory / "features.py"])


def _changed(before: CodeDigest, after: CodeDigest) -> set[str]:
    return {
        f"{label}: {name}"
        for label in {*before.files, *after.files}
        for name in {*before.files.get(label, {}), *after.files.get(label, {})}
        if before.files.get(label, {}).get(name) != after.files.get(label, {}).get(name)
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another\n    # and one more"),
        ('"""Features."""', '"""Other words."""\n\n\n'),
        ('"""Calls it."""', '"""Calls."""'),
        ('{LABEL: scaled(inputs["fare"], math.pi)}', "{\n        LABEL: scaled(inputs['fare'], math.pi),\n    }"),
        ('LABEL = "tip"\n', 'LABEL = "tip"  # the label\n\n'),
    ],
    ids=["comment", "module docstring", "docstring", "layout", "blank lines"],
)
def test_what_does_nothing_does_not_count(tmp_path: Path, old: str, new: str) -> None:
    """Comments, docstrings, layout and blank lines change no digest."""
    before = _digests(tmp_path)
    assert old in FEATURES
    assert _changed(before, _digests(tmp_path, FEATURES.replace(old, new))) == set()


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ("math.pi", "math.e", {"features.py: preprocessing_fn"}),
        ("x + self", "x - self", {"features.py: Model.call"}),
        ("layers = 2", "layers = 3", {"features.py: Model"}),
        ('"tip"', '"big_tip"', {"features.py: LABEL"}),
        ('"a": 1', '"a": 2', {"features.py: SIZES"}),
        ("import math", "import math, json", {f"features.py: {IMPORTS}"}),
        ('print("loaded")', "pass", {f"features.py: {MODULE_LEVEL}"}),
        (
            'LABEL = "tip"\nSIZES = {"a": 1}\n',
            'SIZES = {"a": 1}\nLABEL = "tip"\n',
            {f"features.py: {ORDER}"},
        ),
        ("def preprocessing_fn", "def f(): ...\ndef preprocessing_fn", {"features.py: f", f"features.py: {ORDER}"}),
        ("(self, x: int)", "(self, x: float)", {"features.py: Model.call"}),
    ],
    ids=lambda value: "",
)
def test_a_change_is_named(tmp_path: Path, old: str, new: str, names: set[str]) -> None:
    """The function, method, class or assignment whose text changed has another digest, and nothing else has."""
    before = _digests(tmp_path)
    assert old in FEATURES
    assert _changed(before, _digests(tmp_path, FEATURES.replace(old, new))) == names


def test_what_is_imported_belongs_to_it(tmp_path: Path) -> None:
    """A helper beside the file is part of the closure, wherever both lie; libraries are named, not read."""
    before = _digests(tmp_path / "a")
    assert set(before.files) == {"features.py", "helper.py"}
    assert before.files == _digests(tmp_path / "b").files
    assert _changed(before, _digests(tmp_path / "b", helper=HELPER.replace("*", "/"))) == {"helper.py: scaled"}
    libraries = _digests(tmp_path / "c", "def f():\n    import numpy.linalg\n    from pyarrow import compute\n")
    assert libraries.libraries == {"numpy", "pyarrow"}


def test_two_files_of_one_name_both_count(tmp_path: Path) -> None:
    """Module files of one name in two directories are told apart, in whichever order they are given."""
    for name, text in (("a", "X = 1\n"), ("b", "X = 2\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "features.py").write_text(text)
    files = [tmp_path / "a/features.py", tmp_path / "b/features.py"]
    both = closure_digest(files)
    assert set(both.files) == {"features.py", "features.py (2)"}
    assert both.files == closure_digest(files[::-1]).files
    (tmp_path / "b/features.py").write_text("X = 30\n")
    assert closure_digest(files).files != both.files


def test_of_a_pipeline_only_the_component_counts(tmp_path: Path) -> None:
    """For a function only what it uses at the top level of its file counts."""
    file = tmp_path / "pipeline.py"
    text = "A = 1\nB = 2\ndef used():\n    return A\ndef mine():\n    return used()\ndef other():\n    return B\n"
    file.write_text(text)
    before = closure_digest([], function=(file, "mine", "pipeline"))
    assert set(before.files["pipeline.py"]) == {"A", "used", "mine", ORDER}
    file.write_text(text.replace("B = 2", "B = 33"))
    assert closure_digest([], function=(file, "mine", "pipeline")).files == before.files
    file.write_text(text.replace("A = 1", "A = 11"))
    assert closure_digest([], function=(file, "mine", "pipeline")).files != before.files


def test_a_declared_data_file_is_found_in_the_source(tmp_path: Path) -> None:
    """data_file names files beside the module that calls it, also from a helper and under its package's name."""
    helper = "import penstock\nFILE = penstock.data_file('more/*.csv')\n"
    features = "from penstock import data_file\nimport helper\ndef f():\n    return data_file('words.txt')\n"
    found = _digests(tmp_path, features, helper).data_files
    assert set(found) == {tmp_path / "words.txt", tmp_path / "more/*.csv"}


def test_a_function_of_the_users_own_declares_nothing(tmp_path: Path) -> None:
    """Only penstock's data_file declares files, under whatever name it was imported."""
    own = "def data_file(n):\n    return n\nX = data_file(1)\nY = loader.data_file('a')\n"
    assert _digests(tmp_path, own).data_files == ()
    other = "from penstock.dsl import data_file as beside\nX = beside('a.txt')\n"
    assert _digests(tmp_path, other).data_files == (tmp_path / "a.txt",)


def test_a_data_file_must_be_written_out(tmp_path: Path) -> None:
    """A name that only running the code would give is refused with its line."""
    with pytest.raises(UsageError, match=r"features.py, line 3: data_file is given something else") as caught:
        _digests(tmp_path, "from penstock import data_file\nNAME = 'x'\nFILE = data_file(NAME + '.csv')\n")
    assert caught.value.facts["line"] == 3


def test_a_file_that_is_no_python_counts_by_its_text(tmp_path: Path) -> None:
    """A syntax error is told when the file runs; until then every change of its text counts."""
    first = _digests(tmp_path, "def (:\n").files
    assert first != _digests(tmp_path, "def (::\n").files
    assert closure_digest([tmp_path / "none.py"]).files["none.py"]
