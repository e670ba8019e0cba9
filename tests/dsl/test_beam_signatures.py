from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.coders import VarIntCoder
from apache_beam.transforms import core, userstate

from penstock.dsl.beam_signatures import remember_signatures

pytestmark = pytest.mark.component


class Plain(beam.DoFn):
    """Side inputs and the window."""

    def process(self, element: int, factor: int = 2, window: Any = beam.DoFn.WindowParam) -> Any:
        yield element * factor, window


class Stateful(beam.DoFn):
    """A state and a timer."""

    TIMER = userstate.TimerSpec("later", userstate.TimeDomain.WATERMARK)
    SEEN = beam.DoFn.StateParam(userstate.BagStateSpec("seen", VarIntCoder()))
    LATER = beam.DoFn.TimerParam(TIMER)

    def process(self, element: tuple[str, int], seen: Any = SEEN, later: Any = LATER) -> Any:
        seen.add(element[1])
        later.set(1)

    @userstate.on_timer(TIMER)
    def fire(self, seen: Any = SEEN) -> Any:
        return seen.read()


def inspected(dofn: beam.DoFn) -> Any:
    """What Beam finds in a DoFn."""
    states, timers = userstate.get_dofn_specs(dofn)
    methods = [name for name in dir(dofn) if callable(getattr(dofn, name)) and not name.startswith("__")]
    return states, timers, [core.get_function_arguments(dofn, name) for name in methods if name != "from_callable"]


@pytest.mark.parametrize(
    "dofn",
    [Plain(), Stateful(), core.CallableWrapperDoFn(lambda x, more=1: [x, more]), core.CallableWrapperDoFn(str)],
    ids=["plain", "stateful", "function", "builtin"],
)
def test_beam_finds_what_it_found_before(dofn: beam.DoFn, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, timers, arguments and defaults of a DoFn are the same, asked once or several times."""
    monkeypatch.setattr(core, "get_function_args_defaults", core.get_function_args_defaults)
    from penstock.dsl import beam_signatures

    core.get_function_args_defaults = beam_signatures._inspected
    before = inspected(dofn)
    remember_signatures()
    assert core.get_function_args_defaults is not beam_signatures._inspected
    assert inspected(dofn) == before
    assert inspected(dofn) == before


def test_objects_of_one_class_do_not_share_what_is_theirs() -> None:
    """A function that two wrappers hold is theirs alone, and changing an answer changes no later one."""
    remember_signatures()
    one, other = core.CallableWrapperDoFn(lambda a: [a]), core.CallableWrapperDoFn(lambda a, b=7: [a, b])
    assert core.get_function_arguments(one, "process") == (["a"], [])
    assert core.get_function_arguments(other, "process") == (["a", "b"], [7])
    names, _ = core.get_function_arguments(Plain(), "process")
    names.clear()
    assert core.get_function_arguments(Plain(), "process")[0] == ["element", "factor", "window"]
