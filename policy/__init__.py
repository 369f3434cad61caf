"""What no stack may contain: rules over resources, the same in the engine, in tests and in `mlops preview`."""
