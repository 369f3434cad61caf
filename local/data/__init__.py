"""Data to run the platform with: simulated card transactions, and a real public data set that scikit-learn carries."""
