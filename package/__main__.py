"""The process that Pulumi starts for the package `mlops`; with `schema` as the only argument it prints the schema."""

import sys
from pathlib import Path

# The engine starts this folder as a program; the components lie beside it, in the same checkout.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pulumi.provider import main

from components.packaged.host import PackageProvider

if __name__ == "__main__":
    if sys.argv[1:] == ["schema"]:
        sys.stdout.write(PackageProvider().pretty_schema)
    else:
        main(PackageProvider(), sys.argv[1:])
