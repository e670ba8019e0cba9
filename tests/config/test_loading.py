from __future__ import annotations

from pathlib import Path

import pytest

from penstock.config import load_config, resolved
from penstock.errors import ConfigError

TAXI = """\
name: chicago_taxi
data: {path: data/trips.csv, splits: {train: 2, eval: 1}}
trainer:
  module_file: model.py
  train_args: {num_steps: 1000}
profiles:
  local: {pipeline_root: .penstock, metadata: "sqlite:///.penstock/metadata.db"}
  kubeflow: {runner: kubeflow, image: "x:1", pipeline_root: "gs://bucket/taxi", metadata: "${TAXI_METADATA}"}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(TAXI)
    return tmp_path


def write(directory: Path, text: str) -> Path:
    (directory / "pipeline.yaml").write_text(text)
    return directory


def test_paths_start_from_the_file(directory: Path) -> None:
    """Relative paths in the file start from its directory, wherever the command is run."""
    config = load_config(directory)
    assert config.data.path == str(directory / "data/trips.csv")
    assert config.profile.pipeline_root == str(directory / ".penstock")
    assert config.profile.metadata == f"sqlite:///{directory}/.penstock/metadata.db"


def test_an_override_starts_from_the_working_directory(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that somebody types in --set is relative to where they are."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    assert load_config(directory, overrides=["data.path=x.csv"]).data.path == str(elsewhere / "x.csv")


def test_overrides_are_read_as_yaml(directory: Path) -> None:
    """The value of an override is a number, list or string as YAML would read it, at any depth."""
    config = load_config(directory, overrides=["trainer.train_args.num_steps=5", "trainer.layers=[8, 4]", "name=x"])
    assert config["trainer"] == {"module_file": "model.py", "train_args": {"num_steps": 5}, "layers": [8, 4]}
    assert config.name == "x"


def test_a_section_cannot_be_changed_through_what_it_gives_out(directory: Path) -> None:
    """Reading a section gives a copy."""
    config = load_config(directory)
    config["trainer"]["train_args"]["num_steps"] = 1
    assert config["trainer"]["train_args"] == {"num_steps": 1000}


def test_the_first_profile_is_the_default(directory: Path) -> None:
    """Without --profile the first one that is written is meant, and no variable of another is needed."""
    assert load_config(directory).profile.name == "local"


def test_a_profile_reads_the_environment(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """${VARIABLE} in the chosen profile is replaced; remote addresses stay as they are."""
    monkeypatch.setenv("TAXI_METADATA", "postgresql://host/db")
    profile = load_config(directory, profile="kubeflow").profile
    assert (profile.metadata, profile.pipeline_root) == ("postgresql://host/db", "gs://bucket/taxi")


@pytest.mark.parametrize(
    ("text", "line", "col", "expected"),
    [
        ("name: x\ndata: {pth: a}\n", 2, 8, "Unknown key 'data.pth'"),
        ("name: x\ndata: {path: a, splits: {train: many}}\n", 2, 26, "data.splits.train"),
        ("name: x\ndata:\n  path: [a]\n", 3, 3, "data.path"),
        ("name: x\ntrainer: 5\n", 2, 1, "'trainer' must be a mapping"),
        ("name: 'a b'\n", 1, 1, "name: "),
        ("data: {path: a}\n", None, None, "'name' is missing"),
        ("name: x\n data: y\n", 2, 6, "not valid YAML"),
        ("name: x\nname: y\n", 2, 1, "not valid YAML"),
        ("name: x\na: [1, 2\n", 3, 1, "not valid YAML"),
        ("", None, None, "found nothing"),
        ("- a\n- b\n", None, None, "found a seq"),
        ("name: x\nprofiles: {local: {rot: y}}\n", 2, 20, "Unknown key 'profiles.local.rot'"),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, text: str, line: int | None, col: int | None, expected: str) -> None:
    """Each fault names the file, the line and column where it is written, and what was expected."""
    with pytest.raises(ConfigError, match=expected) as caught:
        load_config(write(tmp_path, text))
    assert caught.value.facts["path"] == str(tmp_path / "pipeline.yaml")
    assert (caught.value.facts.get("line"), caught.value.facts.get("col")) == (line, col)


def test_a_mistyped_key_is_offered_its_neighbour(tmp_path: Path) -> None:
    """A suggestion stands beside an unknown key."""
    with pytest.raises(ConfigError, match=r"Did you mean 'path'\?"):
        load_config(write(tmp_path, "name: x\ndata: {pth: a}\n"))


@pytest.mark.parametrize("override", ["data.path", "=x", "trainer.train_args.num_steps.deeper.0=1", "name=[1]"])
def test_a_bad_override_is_named(directory: Path, override: str) -> None:
    """A fault in an override tells which one, or replaces what was there."""
    if override.startswith("trainer"):
        assert load_config(directory, overrides=[override])["trainer"]["train_args"]["num_steps"] == {
            "deeper": {"0": 1}
        }
        return
    with pytest.raises(ConfigError, match="--set"):
        load_config(directory, overrides=[override])


def test_a_profile_for_another_machine_stays_as_written(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variables are not looked at until that machine resolves it, in its own environment and directory."""
    monkeypatch.delenv("TAXI_METADATA", raising=False)
    written = load_config(directory, profile="kubeflow", as_written=True).profile
    assert written.metadata == "${TAXI_METADATA}"
    monkeypatch.setenv("TAXI_METADATA", "sqlite:///there.db")
    assert resolved(written, Path("/app")).metadata == "sqlite:////app/there.db"
    assert resolved(written, directory) == load_config(directory, profile="kubeflow").profile
    monkeypatch.delenv("TAXI_METADATA")
    with pytest.raises(ConfigError, match="TAXI_METADATA, which is not set"):
        resolved(written, Path("/app"))


def test_an_unset_variable_is_named(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that needs a variable says which, and where it is written."""
    monkeypatch.delenv("TAXI_METADATA", raising=False)
    with pytest.raises(ConfigError, match="TAXI_METADATA") as caught:
        load_config(directory, profile="kubeflow")
    assert caught.value.facts["line"] == 8


def test_a_missing_project_says_so(tmp_path: Path) -> None:
    """A path with no pipeline, and a directory without a pipeline.yaml, are told apart."""
    with pytest.raises(ConfigError, match="no pipeline at"):
        load_config(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"no pipeline\.yaml in"):
        load_config(tmp_path)


def test_hostile_files_end_in_an_error(tmp_path: Path) -> None:
    """Aliases that multiply, bytes that are no text and files without end neither hang nor crash."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(ConfigError, match="more than"):
        load_config(write(tmp_path, bomb))
    (tmp_path / "pipeline.yaml").write_bytes(b"name: x\ndata: \xff\xfe\n")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        load_config(tmp_path)
    assert caught.value.facts["line"] == 2
    write(tmp_path, "#" * (5 * 2**20))
    with pytest.raises(ConfigError, match="never so long"):
        load_config(tmp_path)


def test_a_tag_does_not_make_an_object(tmp_path: Path) -> None:
    """A Python tag in the file is refused, and its place named."""
    write(tmp_path, f"name: x\ntrainer: {{a: !!python/object/apply:os.system ['touch {tmp_path}/owned']}}\n")
    with pytest.raises(ConfigError, match=r"tag .* is not allowed") as caught:
        load_config(tmp_path)
    assert (caught.value.facts["line"], caught.value.facts["col"]) == (2, 11)
    assert not (tmp_path / "owned").exists()


def test_a_merge_key_is_followed(tmp_path: Path) -> None:
    """What a section shares with another through YAML's merge key is there as if written twice."""
    write(tmp_path, "name: x\na: &a {k: 1, l: 2}\nb:\n  <<: *a\n  l: 3\n")
    assert load_config(tmp_path)["b"] == {"k": 1, "l": 3}
