"""A person who has no mouse: Tab, Enter, Space, and a look at where the focus is after each step."""

MOST_STEPS = 120
FOCUS = """(wanted) => {
  const at = document.activeElement;
  if (!at || at === document.body) return { there: false, outside: true };
  const box = at.getClientRects()[0] || at.getBoundingClientRect();
  const ringed = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  };
  // A text area in a frame of its own may have the frame show the focus.
  const framed = at.parentElement && at.matches("textarea") && ringed(at.parentElement);
  const x = Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 20), 0), innerHeight - 1);
  const above = document.elementFromPoint(x, y);
  return {
    there: at === wanted,
    name: `<${at.localName}> ${(at.ariaLabel || at.textContent || at.name || at.id).trim().slice(0, 40)}`,
    ringed: ringed(at) || Boolean(framed),
    seen: box.width > 1 && box.height > 1 && box.bottom > 0 && box.top < innerHeight,
    covered: !above || !(at.contains(above) || above.contains(at)),
  };
}"""


class Keyboard:
    """Keys on a window's page."""

    def __init__(self, window):
        self.window, self.page = window, window.page
        self.stops = 0

    def to(self, target):
        """Tab to an element. Every stop on the way has to show that the focus is there."""
        target.wait_for()
        wanted = target.element_handle()
        for _ in range(MOST_STEPS):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUS, wanted)
            if at.get("outside"):  # past the last element, before the first
                continue
            self.stops += 1
            assert at["ringed"], f"{at['name']} does not show that it has the focus"
            assert at["seen"], f"{at['name']} has the focus and is out of sight"
            assert not at["covered"], f"{at['name']} has the focus and is behind something"
            if at["there"]:
                return self
        raise AssertionError(f"{MOST_STEPS} Tabs do not lead to {target}")

    def press(self, key):
        """Press one key."""
        self.page.keyboard.press(key)
        return self

    def write(self, text):
        """Write into what has the focus."""
        self.page.keyboard.type(text)
        return self
