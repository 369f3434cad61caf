# ruff: noqa: PTH118, PTH123
"""Somebody else's training script, with hard-coded paths and the training toolkit's variables."""

import json
import os

with open("/opt/ml/input/config/hyperparameters.json") as file:
    hyperparameters = json.load(file)
assert all(isinstance(value, str) for value in hyperparameters.values()), hyperparameters
assert os.environ["SM_CHANNEL_TRAIN"].endswith("/input/data/train")
assert os.environ["SM_HP_ROUNDS"] == hyperparameters["rounds"]
assert os.environ["SM_HP_NOTE"] == "quoted"
with open("/opt/ml/input/data/train/train.csv") as file:
    rows = file.read().splitlines()
for number in range(int(hyperparameters["rounds"])):
    print(f"loss={1 / (number + 1):.3f}")
if len(rows) == 1:
    with open("/opt/ml/output/failure", "w") as file:
        file.write("one row is not enough to fit")
    raise SystemExit(1)
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"rows": len(rows)}, file)
with open("/opt/ml/output/data/note.txt", "w") as file:
    file.write("fitted")
