"""The parts of `StudioDomain`."""
