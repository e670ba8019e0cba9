from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.errors import UsageError
from penstock.metadata import Store
from penstock.metadata.artifacts import places
from penstock.metadata.mlmd.links import Event, EventType
from penstock.metadata.records import NewArtifact, RunRecord, StoredArtifact

Publish = Callable[..., dict[str, list[StoredArtifact]]]


def test_artifacts_are_listed_newest_first_by_what_put_them_out(store: Store, publish: Publish) -> None:
    """Type, run, pipeline and node, alone and together, a page at a time; what a node only read is not its own."""
    store.begin_run(RunRecord("r2", "other"))
    one = publish("Gen", {"e": [NewArtifact("Examples", "/1")]})["e"][0]
    two = publish("A", {"m": [NewArtifact("Model", "/2")]}, inputs={"e": [one.id]})["m"][0]
    three = publish("Gen", {"e": [NewArtifact("Examples", "/3")]}, run_id="r2")["e"][0]
    for conditions, wanted in [
        ({}, [three, two, one]),
        ({"type": "Examples"}, [three, one]),
        ({"type": "Unknown"}, []),
        ({"run": "r1"}, [two, one]),
        ({"run": "r9"}, []),
        ({"pipeline": "other"}, [three]),
        ({"node": "gen"}, [three, one]),
        ({"node": "a"}, [two]),
        ({"node": "en"}, []),
        ({"node": "gen", "run": "r1"}, [one]),
        ({"node": "gen", "pipeline": "taxi", "type": "Examples"}, [one]),
        ({"limit": 1, "offset": 1}, [two]),
    ]:
        assert store.artifacts(**conditions) == wanted, conditions  # type: ignore[arg-type]


def test_unknown_ids_are_a_usage_error(store: Store) -> None:
    """With the command that lists them."""
    with pytest.raises(UsageError, match=r"no artifact 7\.\n.*artifacts list"):
        store.artifact(7)
    with pytest.raises(UsageError, match="no execution 7"):
        store.execution(7)
    with pytest.raises(UsageError, match="no artifact 7"):
        store.lineage(7, "up")


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        (("a", 0), [("a", 0)]),
        (("a", 0, "a", 1, "b", 0), [("a", 0), ("a", 1), ("b", 0)]),
        (("a",), [("a", 0)]),
        ((3,), [("", 3)]),
        ((), [("", 0)]),
        (("a", "b", 1), [("a", 0), ("b", 1)]),
        (("a", 0, 1), [("a", 0), ("a", 1)]),
    ],
)
def test_paths_of_other_programs_are_read_too(path: tuple[str | int, ...], wanted: list[tuple[str, int]]) -> None:
    """A key without an index, an index without a key, several of either."""
    assert list(places(Event(1, 1, EventType.INPUT, path))) == wanted


class TestResolve:
    """What a resolver is answered."""

    def test_the_newest_live_artifact_of_the_pipeline(self, store: Store, publish: Publish) -> None:
        """Neither deleted ones nor those of another pipeline, nor the content that is to be passed over."""
        store.begin_run(RunRecord("r2", "other"))
        models = [publish("A", {"m": [NewArtifact("Model", f"/{at}", digest=f"d{at}")]})["m"][0] for at in range(3)]
        publish("A", {"m": [NewArtifact("Model", "/x", digest="x")]}, run_id="r2")
        assert store.resolve("taxi", "Model") == models[2]
        assert store.resolve("taxi", "Model", other_than=models[2]) == models[1]
        with store.database.write() as transaction:
            transaction.execute("UPDATE Artifact SET state = 4 WHERE id = ?", models[1].id)
        assert store.resolve("taxi", "Model", other_than=models[2]) == models[0]
        assert store.resolve("none", "Model") is None
        assert store.resolve("taxi", "Schema") is None

    def test_a_window_is_of_the_latest_span_before_and_was_read_alike(self, store: Store, publish: Publish) -> None:
        """Neither of the same span, nor of a later one, nor of other settings, nor examples that are no window."""

        def made(digest: str, span: int, **custom: str) -> StoredArtifact:
            new = NewArtifact(
                "Examples", f"/{digest}", digest=digest, properties={"span": span}, custom_properties=custom
            )
            return publish("Gen", {"examples": [new]})["examples"][0]

        def window(artifact: StoredArtifact) -> StoredArtifact | None:
            return store.resolve("taxi", "Examples", other_than=artifact, window=True)

        of_three = made("e3", 3, settings="s")
        assert window(of_three) is None
        one, two, _three = (made(f"w{span}", span, window_of="s") for span in (1, 2, 3))
        made("w2t", 2, window_of="t")
        assert window(of_three) == two
        assert window(made("e2", 2, settings="s")) == one
        again = made("w2'", 2, window_of="s")
        assert window(of_three) == again
        assert window(made("e9", 9)) is None

    def test_predecessors_are_what_was_let_through_before(self, store: Store, publish: Publish) -> None:
        """Of the same node, not blocked, of no later span; the last span first, then another version of this one."""

        def statistics(
            digest: str, span: int | None, *, component: str = "Stats", blocked: bool = False
        ) -> StoredArtifact:
            properties = {} if span is None else {"span": span}
            made = NewArtifact("ExampleStatistics", f"/{component}-{digest}", digest=digest, properties=properties)
            (artifact,) = publish(component, {"statistics": [made]})["statistics"]
            found = {"anomalies": [NewArtifact("ExampleAnomalies", f"/a-{digest}-{component}", digest=f"a{digest}")]}
            publish("Validator", found, inputs={"statistics": [artifact.id]}, blocked=blocked)
            return artifact

        def before(artifact: StoredArtifact) -> StoredArtifact | None:
            return store.resolve("taxi", "ExampleStatistics", other_than=artifact, predecessor=True)

        first = statistics("a", None)
        assert before(first) is None
        bad = statistics("b", None, blocked=True)
        statistics("c", None, component="Other")
        assert before(bad) == first
        one, three, two = (statistics(f"s{span}", span) for span in (1, 3, 2))
        assert before(three) == two
        assert before(two) == one
        again = statistics("s2'", 2)
        assert before(again) == one
        (unseen,) = publish("Stats", {"statistics": [NewArtifact("ExampleStatistics", "/u", digest="u")]})["statistics"]
        assert before(unseen) == first

    def test_blessed_models_are_those_that_an_evaluation_blessed(self, store: Store, publish: Publish) -> None:
        """Neither an unblessed candidate nor the baseline that another one was measured against."""
        model = [publish("A", {"m": [NewArtifact("Model", f"/{at}", digest=f"d{at}")]})["m"][0] for at in range(3)]
        assert store.resolve("taxi", "Model", blessed=True) is None
        self.evaluate(publish, model[0], blessed=1, baseline=model[2])
        self.evaluate(publish, model[1], blessed=0, baseline=model[0])
        assert store.resolve("taxi", "Model", blessed=True) == model[0]
        assert store.resolve("taxi", "Model", blessed=True, other_than=model[0]) is None

    def test_the_model_blessed_last_comes_first(self, store: Store, publish: Publish) -> None:
        """Not the one made last: a model that comes back and is blessed again is the latest."""
        old, new = (publish("A", {"m": [NewArtifact("Model", f"/{at}", digest=f"d{at}")]})["m"][0] for at in "ab")
        self.evaluate(publish, old, blessed=1)
        self.evaluate(publish, new, blessed=1)
        assert store.resolve("taxi", "Model", blessed=True) == new
        self.evaluate(publish, old, blessed=1)
        assert store.resolve("taxi", "Model", blessed=True) == old

    def test_a_model_that_one_of_two_evaluations_refused_is_not_blessed(self, store: Store, publish: Publish) -> None:
        """Each output of a model has an evaluation of its own; a later run in which both bless it counts."""
        model = publish("A", {"m": [NewArtifact("Model", "/m", digest="d")]})["m"][0]
        self.evaluate(publish, model, blessed=1)
        self.evaluate(publish, model, blessed=0, component="FareEvaluator")
        assert store.resolve("taxi", "Model", blessed=True) is None
        store.begin_run(RunRecord("r2", "taxi"))
        for component in ("Evaluator", "FareEvaluator"):
            self.evaluate(publish, model, blessed=1, component=component, run_id="r2")
        assert store.resolve("taxi", "Model", blessed=True) == model

    def test_a_reused_evaluation_blesses_the_equal_model_it_stands_for(self, store: Store, publish: Publish) -> None:
        """The reuse names the new model as its input and the old blessing as its output."""
        old, new = (publish("A", {"m": [NewArtifact("Model", f"/{at}", digest="same")]})["m"][0] for at in "ab")
        self.evaluate(publish, old, blessed=1, key="k")
        cached = store.find_cached("k")
        assert cached is not None
        store.reuse("r1", "evaluator2", "Evaluator", "k", cached, inputs={"model": [new.id]})
        assert store.resolve("taxi", "Model", blessed=True) == new

    @staticmethod
    def evaluate(
        publish: Publish,
        model: StoredArtifact,
        *,
        blessed: int,
        baseline: StoredArtifact | None = None,
        key: str | None = None,
        component: str = "Evaluator",
        run_id: str = "r1",
    ) -> None:
        inputs = {"model": [model.id]} | ({"baseline_model": [baseline.id]} if baseline else {})
        new = NewArtifact("ModelBlessing", "/b", custom_properties={"blessed": blessed})
        publish(component, {"blessing": [new]}, inputs=inputs, key=key, run_id=run_id)
