"""Write to the job's page in GitHub Actions; elsewhere to the console."""

import os
import sys
from pathlib import Path


def summarize(text: str) -> None:
    """Add Markdown to the summary of the job's step, and show it in the log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
