"""The functions of delivery: one folder per function, and `shared`, the package that they have in common."""
