"""Tests of the template repositories, always on what `rendered` makes of them, never on the source folders."""
