"""The functions' roles, held against the calls that the functions make and against what those calls imply."""
