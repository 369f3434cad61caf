"""Writes data/: the Wisconsin breast cancer data set (569 tumours, 30 measurements), from scikit-learn."""

from pathlib import Path

from sklearn.datasets import load_breast_cancer


def write(folder: Path) -> Path:
    """Write the table as one CSV file and return its path. `malignant` is 1 for 212 of the rows."""
    found = load_breast_cancer(as_frame=True)
    table = found.data.rename(columns=lambda name: name.replace(" ", "_"))
    table["malignant"] = (found.target == 0).astype(int)  # scikit-learn's 0 is malignant
    path = folder / "tumours.csv"
    table.to_csv(path, index=False, lineterminator="\n")
    return path


if __name__ == "__main__":
    print(write(Path("data")))
