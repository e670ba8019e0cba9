from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from penstock.config.yaml_edit import with_item
from penstock.errors import ConfigError

ITEM = {"metric": "auc", "max_drop": 0.01, "slices": [{"pay": "No Charge", "hour": 4}]}
LINE = "{metric: auc, max_drop: 0.01, slices: [{pay: No Charge, hour: 4}]}"


CASES = {
    "block": (
        """evaluator:
  thresholds:  # ours
    - {metric: auc,
       min: 0.8}  # kept

  # next
  gate: block
""",
        """evaluator:
  thresholds:  # ours
    - {metric: auc,
       min: 0.8}  # kept
    - ITEM

  # next
  gate: block
""",
    ),
    "block at the key": (
        """evaluator:
  thresholds:
  - metric: auc
    min: 0.8
  gate: block
pusher: {}
""",
        """evaluator:
  thresholds:
  - metric: auc
    min: 0.8
  - ITEM
  gate: block
pusher: {}
""",
    ),
    "flow mapping": ("evaluator: {label: x}\n", "evaluator: {label: x, thresholds: [ITEM]}\n"),
    "empty flow": ("evaluator: {thresholds: []}", "evaluator: {thresholds: [ITEM]}"),
    "flow over lines": (
        "evaluator:\n  thresholds: [\n    {metric: auc, min: 0.8}\n  ]\n",
        "evaluator:\n  thresholds: [\n    {metric: auc, min: 0.8}, ITEM\n  ]\n",
    ),
    "nothing": ("evaluator:\n  thresholds:\n  gate: block\n", "evaluator:\n  thresholds: [ITEM]\n  gate: block\n"),
    "null": ("evaluator:\n  thresholds: ~  # none\n", "evaluator:\n  thresholds: [ITEM]  # none\n"),
    "no list yet": (
        "evaluator:\n  slices:\n  - []\n  - [hour]\n\n# end\nprofiles: {}\n",
        "evaluator:\n  slices:\n  - []\n  - [hour]\n  thresholds:\n    - ITEM\n\n# end\nprofiles: {}\n",
    ),
    "Windows": ("evaluator:\r\n  label: x", "evaluator:\r\n  label: x\r\n  thresholds:\r\n    - ITEM\r\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_item_is_added_and_nothing_else_changes(case: str) -> None:
    """Comments, order, brackets and line ends stay."""
    before, after = CASES[case]
    assert with_item(before, ("evaluator", "thresholds"), ITEM) == after.replace("ITEM", LINE)


def test_where_nothing_can_be_added_it_is_said_what_to_write() -> None:
    """A comment after the last item would swallow the new one."""
    text = "evaluator:\n  thresholds: [{metric: auc, min: 0.8},  # high\n  ]\n"
    with pytest.raises(ConfigError, match="cannot be added to") as error:
        with_item(text, ("evaluator", "thresholds"), ITEM)
    assert LINE in str(error.value.hint)


def test_the_taxi_pipeline_gets_one_line_more(repository: Path) -> None:
    """The example as it is committed."""
    before = (repository / "examples" / "chicago_taxi" / "pipeline.yaml").read_text()
    changed = with_item(before, ("evaluator", "thresholds"), ITEM)
    lines = [line for line in difflib.ndiff(before.splitlines(), changed.splitlines()) if line[0] in "+-"]
    assert lines == [f"+     - {LINE}"]


@pytest.mark.parametrize(
    "text",
    [
        "name: x\n",
        "evaluator: 3\n",
        "evaluator: {thresholds: 3}\n",
        "evaluator: {thresholds: {a: 1}}\n",
        "common: &c [{metric: auc, min: 1}]\nevaluator: {thresholds: *c}\nother: *c\n",
        "base: &b {thresholds: [{metric: auc, min: 1}]}\nevaluator:\n  <<: *b\n",
    ],
    ids=["no section", "no mapping", "no list", "a mapping", "an alias", "a merge"],
)
def test_what_cannot_be_added_to_is_refused(text: str) -> None:
    """Nothing comes out that means something else."""
    with pytest.raises(ConfigError):
        with_item(text, ("evaluator", "thresholds"), ITEM)
