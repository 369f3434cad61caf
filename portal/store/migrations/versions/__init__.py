"""One module per revision. A released revision never changes; it holds its SQL itself, not `tables`."""
