"""The projects table, as the functions that make and serve projects read and write it."""
