"""Beam's runners behind a job server (Flink, Spark, any other that speaks the protocol), as a node uses them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from apache_beam.options.pipeline_options import (
    JobServerOptions,
    PipelineOptions,
    PortableOptions,
    SparkRunnerOptions,
)
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability.flink_runner import FlinkRunner
from apache_beam.runners.portability.job_server import JobServer, StopOnExitJobServer
from apache_beam.runners.portability.portable_runner import JobServiceHandle, PortableRunner
from apache_beam.runners.portability.spark_runner import SparkJarJobServer, SparkRunner
from apache_beam.runners.runner import PipelineResult

from penstock.dsl.beam_errors import told
from penstock.dsl.beam_options import Options, known_names, unknown_option
from penstock.errors import UsageError

__all__ = ["JobServerRunner", "job_server_runner"]

_JARS = {"FlinkRunner": "flink_job_server_jar", "SparkRunner": "spark_job_server_jar"}


class JobServerRunner(PortableRunner):
    """A runner whose job server serves all pipelines of a node, and ends with it.

    Beam's own starts a server for every pipeline and stops none before the process exits; what a server has left in
    temporary directories is gone only when it is stopped.

    Args:
        options: What the profile says.
    """

    def __init__(self, options: Options) -> None:
        super().__init__()
        self._said = options
        self._server: JobServer | None = None

    def default_job_server(self, options: PipelineOptions) -> JobServer:
        if self._server is None:
            self._server = self.new_job_server(options)
        return self._server

    def new_job_server(self, options: PipelineOptions) -> JobServer:
        """A server that is not yet started; as Beam has it."""
        return super().default_job_server(options)

    def run_portable_pipeline(self, pipeline: Any, options: PipelineOptions) -> PipelineResult:
        result = super().run_portable_pipeline(pipeline, options)
        wait = result.wait_until_finish

        def wait_until_finish(duration: int | None = None) -> Any:
            with told():
                return wait(duration)

        result.wait_until_finish = wait_until_finish
        return result

    def create_job_service_handle(self, job_service: Any, options: PipelineOptions) -> JobServiceHandle:
        return _Handle(super().create_job_service_handle(job_service, options), self._said)

    def close(self) -> None:
        """Stops the server."""
        if self._server is not None:
            self._server.stop()
            self._server = None


class _Flink(JobServerRunner, FlinkRunner):
    pass


class _Spark(JobServerRunner, SparkRunner):
    def new_job_server(self, options: PipelineOptions) -> JobServer:
        if options.view_as(SparkRunnerOptions).spark_submit_uber_jar:
            return super().new_job_server(options)
        # Beam keeps Spark's servers for the whole process, and one that was stopped cannot be started again.
        return StopOnExitJobServer(SparkJarJobServer(options))


_RUNNERS = {"FlinkRunner": _Flink, "SparkRunner": _Spark, "PortableRunner": JobServerRunner}


class _Handle(JobServiceHandle):
    """Sends options that Beam's Python package does not know to the job server, once that has said it has them."""

    def __init__(self, handle: JobServiceHandle, options: Options) -> None:
        super().__init__(handle.job_service, handle.options)
        self._others = options.others
        self._runner = options.runner

    def get_pipeline_options(self) -> Any:
        """The options as the job server takes them.

        Raises:
            UsageError: It has no option of that name.
        """
        struct = super().get_pipeline_options()
        if self._others:
            request = beam_job_api_pb2.DescribePipelineOptionsRequest()
            described = self.job_service.DescribePipelineOptions(request, timeout=self.timeout)
            names = {option.name for option in described.options}
            for name in self._others:
                if names and name not in names:
                    raise unknown_option(name, self._runner, names | known_names())
            struct.update(self.encode_pipeline_options(self._others))
        return struct


def job_server_runner(options: Options, pipeline_options: PipelineOptions, temp_dir: Path) -> JobServerRunner:
    """The runner that the options name.

    Args:
        options: What the profile says.
        pipeline_options: The same for Beam; told where a job server of ours leaves its temporary files.
        temp_dir: There.

    Raises:
        UsageError: There is no Java, or no jar where the options say.
    """
    if options.runner in _JARS and not pipeline_options.view_as(PortableOptions).job_endpoint:
        _prepare_java(options.runner, pipeline_options, temp_dir)
    return _RUNNERS[options.runner](options)


def _prepare_java(runner: str, options: PipelineOptions, temp_dir: Path) -> None:
    """Tells what can be told before Java is started, and keeps its temporary files where they are swept."""
    java = options.view_as(JobServerOptions)
    if shutil.which(java.job_server_java_launcher) is None:
        raise UsageError(
            f"{runner} needs Java, and there is no {java.job_server_java_launcher!r} on the PATH.",
            hint="Install a Java runtime (11 or later), or name it with the Beam option job_server_java_launcher.",
            option="job_server_java_launcher",
        )
    jar = options.get_all_options().get(_JARS[runner])
    if jar and "://" not in jar and not Path(jar).exists():
        raise UsageError(
            f"There is no job server of {runner} at {Path(jar).absolute()}.",
            hint=f"Correct the Beam option {_JARS[runner]}; without it Beam fetches the jar of its own version.",
            option=_JARS[runner],
        )
    java.job_server_jvm_properties = [f"-Djava.io.tmpdir={temp_dir}", *(java.job_server_jvm_properties or [])]
    java.artifacts_dir = java.artifacts_dir or str(temp_dir / "beam-artifacts")
