"""Tests of mlops_project, which the platform keeps up to date together with it."""
