from __future__ import annotations

from pathlib import Path

import pytest

from penstock.artifacts import Artifact, Examples, Schema
from penstock.storage.digests import BYTES, Canonical, content_of, typed_content


def _payload(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        file = directory / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return directory


def test_the_place_and_the_manifest_do_not_count(tmp_path: Path) -> None:
    """The same files in another directory, or with a manifest beside them, have the same digest."""
    first = content_of(_payload(tmp_path / "a", sub__x_txt="one", y_txt="two"))
    second = content_of(_payload(tmp_path / "b", sub__x_txt="one", y_txt="two", manifest_json="{}"))
    assert first == second
    assert first.size == 6
    assert first.files == {"sub/x.txt": 3, "y.txt": 3}


@pytest.mark.parametrize(
    "files", [{"x_txt": "two", "y_txt": "one"}, {"x_txt": "one", "z_txt": "two"}, {"x_txt": "onetwo"}]
)
def test_names_and_bytes_count(tmp_path: Path, files: dict[str, str]) -> None:
    """Other bytes under a name, another name, and files run together each give another digest."""
    whole = content_of(_payload(tmp_path / "a", x_txt="one", y_txt="two"))
    assert content_of(_payload(tmp_path / "b", **files)).digest != whole.digest


class Note(Artifact):
    type_name = "ToyNote"
    canonical = f"{__name__}:words"


def words(directory: Path, files: list[str]) -> Canonical:
    """A toy type's own reading: the words of a note count, in any case; a file of scratch does not."""
    found: dict[str, str | None] = {name: (directory / name).read_text().lower() for name in files if "txt" in name}
    return Canonical("toy-1", found | {name: None for name in files if name.endswith(".tmp")})


def test_a_type_may_read_its_own_files(tmp_path: Path) -> None:
    """What the type's function covers counts as it says, other files by their bytes, and the algorithm is named."""
    one = typed_content(Note(str(_payload(tmp_path / "a", x_txt="Hello", s_tmp="1", other_bin="b"))))
    same = typed_content(Note(str(_payload(tmp_path / "b", x_txt="hELLO", s_tmp="22", other_bin="b"))))
    other = typed_content(Note(str(_payload(tmp_path / "c", x_txt="Hello", s_tmp="1", other_bin="c"))))
    assert one.algorithm == "toy-1"
    assert one.digest == same.digest != other.digest
    assert (one.size, same.size) == (7, 8)


@pytest.mark.parametrize(
    ("artifact", "name"), [(Schema, "schema.pbtxt"), (Examples, "Split-train/data-00000-of-00001.parquet")]
)
def test_what_is_not_as_promised_counts_by_bytes(tmp_path: Path, artifact: type[Artifact], name: str) -> None:
    """A file that its type cannot read is no reason to fail: whoever reads it will tell."""
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("feature { what is this")
    content = typed_content(artifact(str(tmp_path)))
    assert content.algorithm == BYTES
    assert content == content_of(tmp_path)
