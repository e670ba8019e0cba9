"""Runs the taxi pipeline that TFX ships, unchanged but for its runner and Beam's mode; TFX's own Python starts this.

python tfx_taxi.py DATA_DIRECTORY WORK_DIRECTORY
"""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Builds the pipeline with the function of the example in TFX's wheel, and runs it in this process."""
    from tfx import v1 as tfx
    from tfx.examples import chicago_taxi_pipeline
    from tfx.examples.chicago_taxi_pipeline import taxi_pipeline_native_keras

    data, work = Path(sys.argv[1]), Path(sys.argv[2])
    module = Path(chicago_taxi_pipeline.__path__[0]) / "taxi_utils_native_keras.py"
    tfx.orchestration.LocalDagRunner().run(
        taxi_pipeline_native_keras._create_pipeline(  # noqa: SLF001  # the example has no other door
            pipeline_name="chicago_taxi_native_keras",
            pipeline_root=str(work / "pipelines"),
            data_root=str(data),
            module_file=str(module),
            serving_model_dir=str(work / "serving_model"),
            metadata_path=str(work / "metadata.db"),
            # Its default, a pool of processes, takes twice the CPU time on data of this size.
            beam_pipeline_args=["--direct_running_mode=in_memory"],
        )
    )


if __name__ == "__main__":
    main()
