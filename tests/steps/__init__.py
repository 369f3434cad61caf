"""Tests of the scripts that run inside the jobs and the serving container."""
