"""`python -m settings`: print the JSON schema of a stack file, or check stack files."""

import sys

from settings import SettingsError, read_stack_file


def _main(arguments: list[str]) -> int:
    if arguments == ["schema"]:
        from settings.files import stack_file_schema

        sys.stdout.write(stack_file_schema())
        return 0
    if arguments[:1] == ["check"] and arguments[1:]:
        return max([_check(path) for path in arguments[1:]])
    sys.stderr.write("usage: python -m settings schema | check FILE...\n")
    return 2


def _check(path: str) -> int:
    try:
        read_stack_file(path)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{path}: right\n")
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
