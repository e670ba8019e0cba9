from __future__ import annotations

from typing import Any

import pytest

from penstock.dsl.beam_options import read_options
from penstock.errors import UsageError


def options(**written: Any) -> dict[str, Any]:
    """What Beam understands, without what is its default."""
    read: dict[str, Any] = read_options(written).pipeline_options().get_all_options(drop_default=True)
    return read


def test_nothing_written_stays_in_this_process() -> None:
    """Without options, and with DirectRunner, pipelines run by FnApiRunner, which looks for no other engine."""
    assert options() == options(runner="DirectRunner") == {"runner": "FnApiRunner"}


def test_values_reach_beam_as_they_were_meant() -> None:
    """Numbers, texts, lists, flags that are on or off, and mappings; names with dashes are names with underscores."""
    found = options(
        runner="flink",
        flink_master="[local]",
        parallelism=2,
        experiments=["one", "two"],
        streaming=False,
        flink_submit_uber_jar=True,
        use_public_ips=False,
        environment_type="PROCESS",
        environment_config={"command": "boot"},
        **{"job-server-timeout": 90},
    )
    assert found == {
        "runner": "FlinkRunner",
        "flink_master": "[local]",
        "parallelism": 2,
        "experiments": ["one", "two"],
        "flink_submit_uber_jar": True,
        "use_public_ips": False,
        "environment_type": "PROCESS",
        "environment_config": '{"command": "boot"}',
        "job_server_timeout": 90,
    }


def test_options_of_a_job_server_are_kept_for_it() -> None:
    """What Beam's Python package does not know may be the job server's own, which is asked when it runs."""
    assert read_options({"runner": "FlinkRunner", "checkpointing_interval": 5000, "parallelism": 1}).others == {
        "checkpointing_interval": 5000
    }


@pytest.mark.parametrize(
    ("written", "said", "hint"),
    [
        ({"runner": "DaskRunner"}, "DaskRunner is refused", "FlinkRunner"),
        ({"runner": "dask"}, "DaskRunner is refused", "FlinkRunner"),
        ({"runner": "apache_beam.runners.dask.dask_runner.DaskRunner"}, "DaskRunner is refused", "FlinkRunner"),
        ({"runner": "FlinkRuner"}, "no runner 'FlinkRuner'", "Did you mean 'FlinkRunner'?"),
        ({"direct_num_worker": 2}, "FnApiRunner has no option 'direct_num_worker'", "'direct_num_workers'"),
        ({"parallelism": "two"}, "'parallelism' cannot be 'two'", "whole number"),
        ({"parallelism": None}, "'parallelism' has no value", "take it out"),
        ({"flink_version": 1.2}, "'flink_version' cannot be 1.2", "'1.20'"),
        ({"streaming": "yes"}, "'streaming' is true or false", "true or false"),
        ({"flink_master": ["local"]}, "takes one value", 'flink_master: "[local]"'),
    ],
)
def test_what_cannot_be_is_told_with_what_could(written: dict[str, Any], said: str, hint: str) -> None:
    """Refused runners, unknown names and values of the wrong kind are errors that say what to write instead."""
    with pytest.raises(UsageError, match=said) as caught:
        read_options(written)
    assert hint in str(caught.value.hint)
