"""Screenshots, for people to look at: a file for each page, screen and colour scheme."""

import os
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = "MLOPS_BROWSER_PICTURES"
"""Variable with the folder of the screenshots; default .mlops/browser."""
IN_THE_DOCS = {
    "portal-stacks.png": "docs-stacks-desktop-light.png",
    "portal-plan.png": "docs-plan-desktop-light.png",
    "portal-live.png": "docs-live-phone-light.png",
    "portal-editor.png": "docs-editor-desktop-light.png",
}


class Album:
    """A folder of screenshots."""

    def __init__(self):
        self.folder = Path(os.environ.get(FOLDER) or ROOT / ".mlops" / "browser")
        self.folder.mkdir(parents=True, exist_ok=True)

    def take(self, window, name, *, scheme="light", whole=True):
        """Take a picture of the page as it is, as a whole or of what the window shows."""
        if scheme != "light":
            window.page.emulate_media(color_scheme=scheme)
        file = self.folder / f"{name}-{window.screen.name}-{scheme}.png"
        # Carets stay: Playwright would hide them by styles that it leaves on the fields, and htmx takes those over.
        window.page.screenshot(path=file, full_page=whole, caret="initial")
        if scheme != "light":
            window.page.emulate_media(color_scheme="light")


def take_over(folder):
    """Write the pictures of the documentation in the 256 colours that are most of each: nobody sees the difference."""
    from PIL import Image

    for name, source in IN_THE_DOCS.items():
        picture = Image.open(folder / source).convert("RGB")
        counted = sorted(picture.getcolors(picture.width * picture.height), reverse=True)
        kept = [colour for _, colour in counted[:256]]
        nearest = {colour: min(range(len(kept)), key=partial(_apart, kept, colour)) for _, colour in counted}
        few = Image.new("P", picture.size)
        few.putpalette([part for colour in kept for part in colour])
        raw = picture.tobytes()
        few.frombytes(bytes(nearest[tuple(raw[at : at + 3])] for at in range(0, len(raw), 3)))
        few.save(ROOT / "docs" / "images" / name, optimize=True)


def _apart(kept, colour, index):
    return sum((a - b) ** 2 for a, b in zip(kept[index], colour, strict=True))


if __name__ == "__main__":
    take_over(Album().folder)
