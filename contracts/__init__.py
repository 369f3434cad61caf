"""Names, paths and shapes that two sides must agree on. Standard library only, so that every side can import it."""
