"""preprocess and shared run on the Python 3.9 and the old libraries of the scikit-learn 1.2-1 image."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.steps.running import STEPS, Job, small_csv, small_schema


@pytest.mark.parametrize("folder", ["preprocess", "shared"])
def test_the_language_and_library_of_python_3_9_suffice(folder):
    vermin = Path(sys.executable).with_name("vermin")
    done = subprocess.run(
        [str(vermin), "-t=3.9-", "--violations", "--no-tips", str(STEPS / folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"the image runs Python 3.9:\n{done.stdout}"


@pytest.mark.image_python
def test_preprocess_writes_the_same_bytes_on_the_image_s_python(tmp_path, store):
    python = os.environ.get("MLOPS_IMAGE_PYTHON")
    if not python:
        pytest.skip("MLOPS_IMAGE_PYTHON names no Python 3.9 with numpy, pandas and boto3 as in the scikit-learn image")
    assert shutil.which(python), f"MLOPS_IMAGE_PYTHON={python} is no interpreter"
    bucket = store.bucket("image-python")
    bucket.put("latest/a.csv", small_csv(rows=400))
    outputs = []
    for name, interpreter in (("image", python), ("here", sys.executable)):
        job = Job(tmp_path / name, store.url, interpreter)
        job.mount_schema(small_schema())
        job.succeed("preprocess", "--input-data-uri", "s3://image-python/latest/")
        outputs.append({path.name: path.read_bytes() for path in job.output.rglob("*.*")})
    assert len(outputs[0]) == 5
    assert outputs[0] == outputs[1], "what is tested here has to be what runs in the image"
