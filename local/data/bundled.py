"""Real public data that a dependency carries, so that the pipeline is not fitted to its own simulator."""

import pandas as pd


def breast_cancer_frame() -> pd.DataFrame:
    """Return the Wisconsin diagnostic breast cancer data: 569 rows, 30 numeric features, target `malignant` (1 or 0).

    scikit-learn codes malignant as 0; here 1 is the class that must not be missed, as pipeline_defs/schemas says.
    Column names are scikit-learn's with underscores for spaces.
    """
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame: pd.DataFrame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame["malignant"] = (bunch.target == 0).astype(int)
    return frame
