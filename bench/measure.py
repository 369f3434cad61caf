"""All measurements: every scenario once per round, so that a slow minute of the machine hits all of them."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.environment import facts, size
from bench.processes import python
from bench.run_cold_start import ALONE, FUNCTIONS
from bench.scenarios import ROOT, raw_settings, used_aws_classes
from bench.tools import missing

MLOPS = ("-c", "from local.cli import main; main()")  # what the entry point `mlops` does
MODELS = {"none": 0, "one": 1, "hundred": 100}


def measure(repeat: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return what was measured: `rounds` by scenario, `runs` of the runner; engine, portal, environment and facts."""
    with tempfile.TemporaryDirectory(prefix="mlops-bench-") as name:
        folder = Path(name)
        for scenario, models in MODELS.items():
            (folder / f"{scenario}.json").write_text(json.dumps(raw_settings(models)), encoding="utf-8")
        tell("warming up: bytecode of everything that is imported")
        _round(folder)
        rounds = []
        for number in range(repeat):
            tell(f"program: round {number + 1} of {repeat}")
            rounds.append(_round(folder))
        runs = []
        for number in range(max(2, repeat // 2)):
            tell(f"local runner: run {number + 1} of {max(2, repeat // 2)}")
            runs.append(_local_run(folder / f"run-{number}"))
        engine = _engine(folder / "engine", max(2, repeat // 2), tell)
        tell("portal: clicks, and fifty people who watch")
        portal = python(["-m", "bench.portal_service", str(repeat)], folder=folder)[0]
    return {
        "rounds": rounds, "runs": runs, "engine": engine, "portal": portal, "environment": size(), "facts": facts()
    }  # fmt: skip


def _engine(folder: Path, repeat: int, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure the engine beside Terraform; where that cannot be, return why under `missing`, and say it."""
    reasons = missing()
    if not reasons:
        tell(f"engine: {repeat} previews and plans")
        folder.mkdir()  # without stack files: the program is this checkout's, and only the state is here
        measured: dict[str, Any] = python(["-m", "bench.run_engine", str(repeat)], folder=folder, keep=("PULUMI_",))[0]
        return measured
    tell(f"engine: left out, because {'; '.join(reasons)}")
    return {"missing": reasons}


def _round(folder: Path) -> dict[str, Any]:
    """Measure each scenario once: cold ones with an empty cache folder, warm ones with what the cold one left."""
    results = {"bare": _bare(folder), "bare uncollected": _bare(folder, "--uncollected")}
    results["cold starts"] = {
        what: python(["-m", "bench.run_cold_start", what], folder=folder)[0] for what in (ALONE, *FUNCTIONS)
    }
    for scenario in MODELS:
        project = folder / f"project-{scenario}"
        shutil.rmtree(project, ignore_errors=True)
        project.mkdir()
        shutil.copyfile(ROOT / "__main__.py", project / "__main__.py")
        if scenario == "none":
            results[scenario] = _program(folder, project, scenario)
            continue
        results[f"{scenario} cold"] = cold = _program(folder, project, scenario)
        results[f"{scenario} warm"] = warm = _program(folder, project, scenario)
        if not cold["worker_cpu"] or warm["worker_cpu"]:
            raise RuntimeError(f"{scenario}: the cache was not cold, then warm: {cold}, {warm}")
    return results


def _program(folder: Path, project: Path, scenario: str) -> dict[str, Any]:
    result, before, _ = python(
        ["-m", "bench.run_program", str(project), str(folder / f"{scenario}.json")], folder=project
    )
    return {**result, "seconds": result["ended"] - before}


def _bare(folder: Path, *options: str) -> dict[str, Any]:
    result, before, _ = python(["-m", "bench.run_imports", *options, *used_aws_classes()], folder=folder)
    return {**result, "seconds": result["ended"] - before}


def _local_run(folder: Path) -> dict[str, Any]:
    """Run dev's pipeline in a folder of its own: the stack files lie there too, so that all state does."""
    folder.mkdir()
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copyfile(file, folder / file.name)
    record, before, after = python([*MLOPS, "run", "dev", "fraud-detector", "--json"], folder=folder)
    steps = {
        step["name"]: {"seconds": step["seconds"], "process_seconds": step["process_seconds"] or 0.0}
        for step in record["steps"]
        if step["seconds"] is not None
    }
    return {"seconds": after - before, "status": record["status"], "steps": steps}
