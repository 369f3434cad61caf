"""Runs the step scripts as a job would: flat beside the shared ones, in a process, with their own contract folder."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import boto3

REPOSITORY = Path(__file__).parents[2]
STEPS = REPOSITORY / "pipeline_defs" / "steps"


def transactions_schema() -> dict:
    return json.loads((REPOSITORY / "pipeline_defs" / "schemas" / "fraud_detector.json").read_text())


def small_schema() -> dict:
    """Two features and a target: enough to break every rule."""
    return {
        "target": {"column": "bad", "classes": [0, 1], "positive": 1},
        "identifier": ["id"],
        "features": [
            {"name": "size", "type": "number", "required": True, "minimum": 0, "maximum": 1000},
            {"name": "colour", "type": "category", "values": ["red", "green", "blue"]},
            {"name": "count", "type": "integer"},
            {"name": "open", "type": "boolean"},
        ],
    }


def small_csv(rows: int = 200, header: str = "id,size,colour,count,open,bad", **changed: str) -> str:
    """Good data for small_schema; `changed` replaces single lines by their number, as line_17="..."."""
    lines = [header]
    for number in range(rows):
        colour = ("red", "green", "blue")[number % 3]
        lines.append(f"r{number},{number % 50},{colour},{number % 7},{number % 2},{int(number % 4 == 0)}")
    for name, text in changed.items():
        lines[int(name.removeprefix("line_")) - 1] = text
    return "\n".join(lines) + "\n"


@dataclass
class Bucket:
    name: str
    s3: object

    def put(self, key: str, body: str | bytes) -> str:
        answer = self.s3.put_object(Bucket=self.name, Key=key, Body=body)
        return answer.get("VersionId", "null")

    def upload(self, frame) -> None:
        self.put("latest/part-00000.csv", frame.to_csv(index=False))
        self.put("latest/_SUCCESS", b"")


@dataclass
class Store:
    url: str
    s3: object

    def bucket(self, name: str, versioned: bool = True) -> Bucket:
        self.s3.create_bucket(Bucket=name)
        if versioned:
            self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return Bucket(name, self.s3)


@contextlib.contextmanager
def start_store():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        yield Store(
            url,
            boto3.client(
                "s3",
                endpoint_url=url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
            ),
        )
    finally:
        server.stop()


@dataclass
class Job:
    """One contract folder that steps share, as the local runner would hand outputs on."""

    root: Path
    s3_url: str = ""
    python: str = sys.executable

    @property
    def output(self) -> Path:
        return self.root / "processing" / "output"

    def mount_schema(self, schema: dict) -> None:
        folder = self.root / "processing" / "input" / "schema"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "schema.json").write_text(json.dumps(schema))

    def mount_channels(self, hyperparameters: dict) -> None:
        config = self.root / "input" / "config"
        config.mkdir(parents=True, exist_ok=True)
        (config / "hyperparameters.json").write_text(json.dumps(hyperparameters))
        for name in ("train", "validation", "features"):
            shutil.copytree(self.output / name, self.root / "input" / "data" / name, dirs_exist_ok=True)

    def run(self, step: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        code = self.root / "code" / f"{step}-{uuid.uuid4().hex[:6]}"
        code.mkdir(parents=True)
        for path in [*(STEPS / step).glob("*.py"), *(STEPS / "shared").glob("*.py")]:
            shutil.copy(path, code)
        aws = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        keep = {"PATH": os.environ["PATH"], "ML_ROOT": str(self.root), "AWS_ENDPOINT_URL": self.s3_url, **aws}
        # Several jobs share few cores here, where OpenMP threads that wait for each other cost many times the work.
        threads = {"OMP_NUM_THREADS": "1"}
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        return subprocess.run(
            [self.python, str(code / f"{step}.py"), *arguments],
            env={**keep, **threads, **credentials, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def succeed(self, step: str, *arguments: str, **environment: str) -> str:
        done = self.run(step, *arguments, **environment)
        assert done.returncode == 0, f"{step} should have succeeded:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def evaluation(self, name: str = "evaluation.json") -> dict:
        return json.loads((self.output / "evaluation" / name).read_text())


def pack(job: Job) -> None:
    """Do what SageMaker does between Train and Evaluate: the model folder becomes a mounted model.tar.gz."""
    mounted = job.root / "processing" / "input"
    (mounted / "model").mkdir(parents=True, exist_ok=True)
    with tarfile.open(mounted / "model" / "model.tar.gz", "w:gz") as tar:
        for path in sorted((job.root / "model").iterdir()):
            tar.add(path, path.name)
    shutil.copytree(job.output / "test", mounted / "test", dirs_exist_ok=True)
