"""Remove what the functions and pipelines created, before the stack that they worked for is destroyed."""
