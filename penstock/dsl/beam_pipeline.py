"""The Beam pipelines of a node, on the runner of the profile."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.internal.cloudpickle import cloudpickle
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions
from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.runners.runner import PipelineResult, PipelineRunner

from penstock.dsl.beam_errors import told
from penstock.dsl.beam_options import IN_PROCESS, WITH_JOB_SERVER, Options, read_options
from penstock.dsl.beam_signatures import remember_signatures
from penstock.dsl.user_code import USER_MODULE

__all__ = ["Pipelines"]

_NEVER_MS = 1000 * 60 * 60 * 24


class Pipelines:
    """Makes the pipelines of one node; those behind a job server share one, which starting takes seconds.

    Args:
        written: Beam's options by name, as `penstock.dsl.beam_options.read_options` takes them.
        temp_dir: Where a job server leaves what it needs meanwhile.

    Raises:
        UsageError: The options are not usable, there is no Java, or no jar where the options say.
    """

    def __init__(self, written: Mapping[str, Any], temp_dir: Path) -> None:
        remember_signatures()
        options = read_options(written)
        self._options = options.pipeline_options()
        _send_whole_elements()
        self._closing = ExitStack()
        self._runner: PipelineRunner | str = options.runner
        if options.runner in WITH_JOB_SERVER:
            # Imported only here: in one process nobody should wait for it.
            from penstock.dsl.beam_job_server import job_server_runner

            runner = job_server_runner(options, self._options, temp_dir)
            self._closing.callback(runner.close)
            self._runner = runner
        if _in_other_processes(options, self._options):
            _pickle_user_modules_by_value()

    def new(self) -> beam.Pipeline:
        """An empty pipeline, not yet entered."""
        return _Pipeline(runner=self._runner, options=self._options)

    def close(self) -> None:
        """Stops what the pipelines needed."""
        self._closing.close()


class _Pipeline(beam.Pipeline):
    def run(self, *arguments: Any, **options: Any) -> PipelineResult:
        with told():
            return super().run(*arguments, **options)


def _send_whole_elements() -> None:
    """Beam's threads send what they have when the buffer is full or the bundle ends, not when time is up.

    Their timer sends the buffer each second without asking whether an element is half written, as one is while Python
    pickles it; the receiver then reads a length where there is none. No option reaches this setting of
    ``direct_running_mode: multi_threading``; other runners' workers have no such timer unless they are asked.
    """
    worker_handlers.DATA_BUFFER_TIME_LIMIT_MS = _NEVER_MS


def _in_other_processes(options: Options, pipeline_options: PipelineOptions) -> bool:
    mode = pipeline_options.view_as(DirectOptions).direct_running_mode
    return options.runner != IN_PROCESS or mode == "multi_processing"


def _pickle_user_modules_by_value() -> None:
    """Sends code of the user's files along: no other process can import it by the names these modules have here."""
    for name, module in list(sys.modules.items()):
        if name.startswith(USER_MODULE):
            cloudpickle.register_pickle_by_value(module)
