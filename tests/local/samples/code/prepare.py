# ruff: noqa: PTH118, PTH123, PTH207, PT018
"""Somebody else's processing script: it hard-codes the container's paths and knows nothing of this project."""

import argparse
import glob
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--mode")
parser.add_argument("--out")
args = parser.parse_args()

with open("/opt/ml/config/processingjobconfig.json") as file:
    job = json.load(file)
assert job["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
assert "HTTP_PROXY" not in os.environ and "AWS_PROFILE" not in os.environ
assert os.environ["PLACE"] == "/opt/ml/processing/input/raw"

rows = []
for name in sorted(glob.glob("/opt/ml/processing/input/raw/**/*.csv", recursive=True)):
    with open(name) as file:
        rows += file.read().splitlines()
print("rows", len(rows))
if not rows:
    with open("/opt/ml/output/message", "w") as file:
        file.write("the data has no rows")
    raise SystemExit(3)
with open(os.path.join(args.out, "train", "train.csv"), "w") as file:
    file.write("\n".join(rows))
with open("/opt/ml/processing/output/report/report.json", "w") as file:
    json.dump({"metrics": {"score": 0.75, "rows": len(rows)}}, file)
with open("/opt/ml/processing/output/report/curve.svg", "w") as file:
    file.write("<svg xmlns='http://www.w3.org/2000/svg'/>")
