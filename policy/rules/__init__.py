"""One rule per module, as `RULE`."""
