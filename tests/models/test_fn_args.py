"""What run_fn is given."""

from __future__ import annotations

import subprocess
import sys


def test_the_package_loads_no_tensorflow_and_chooses_keras_3() -> None:
    """Importing penstock.models is quick, and settles the Keras version before anything loads TensorFlow."""
    script = (
        "import os, sys; os.environ.pop('TF_USE_LEGACY_KERAS', None); import penstock.models as models; "
        "assert not {'tensorflow', 'keras', 'apache_beam'} & set(sys.modules), 'heavy'; "
        "print(os.environ['TF_USE_LEGACY_KERAS'], sorted(models.__all__))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = ["DataAccessor", "DatasetOptions", "FnArgs", "ProgressCallback", "export"]
    assert done.stdout.split(maxsplit=1) == ["0", f"{names}\n"]
