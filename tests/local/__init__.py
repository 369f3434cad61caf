"""Tests of `local/`: the embedded AWS, the runner and the command line."""
