"""`python -m bench [--repeat N] [--json]`: measure, and print the table. Exit code 0 whatever the numbers say."""

import argparse
import json
import sys
from dataclasses import asdict

from rich.console import Console

from bench.measure import measure
from bench.rows import rows
from bench.table import render


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what the program costs, as ratios.")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="rounds, of which medians are taken (5)")
    parser.add_argument("--json", action="store_true", help="print one JSON document with rows and raw measurements")
    options = parser.parse_args()
    if options.repeat < 1:
        parser.error("--repeat: write 1 or more.")
    progress = Console(stderr=True, highlight=False)
    measured = measure(options.repeat, lambda message: progress.print(message, style="dim"))
    found = rows(measured)
    if options.json:
        document = {"rows": [{**asdict(row), "holds": row.holds} for row in found], "measured": measured}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
        return
    # A pipe has no width of its own; the notes stay on their lines at this one.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 170)
    console.print(render(found, measured["facts"], options.repeat))


if __name__ == "__main__":
    main()
