"""Reads a page as a strict parser would, and finds what browsers forgive and people with other tools do not."""

from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """A page's elements; `faults` says what is wrong with it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.text, self.faults, self.elements, self._open = text, [], [], []
        self.feed(text)
        self.close()
        self.faults += [f"<{name}> is not closed" for name in self._open]
        self._look()

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice: {names}")
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID or not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]} at {self.getpos()}")
            return
        self._open.pop()

    def all(self, *tags):
        """Attributes of all elements of these names."""
        return [attributes for tag, attributes in self.elements if tag in tags]

    def _look(self):
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        self.faults += [f"id {each} is there twice" for each in {i for i in ids if ids.count(i) > 1}]
        for tag, attributes in self.elements:
            self.faults += [
                f"<{tag} {name}> is inline" for name in attributes if name.startswith("on") or name == "style"
            ]
            self.faults += _loose(tag, attributes, set(ids))
            self.faults += _foreign(tag, attributes)
        if self.text.count("<h1") != 1:
            self.faults.append(f"{self.text.count('<h1')} first headings")
        marks = ('<html lang="en"', "<main", "<header", "<footer", 'class="skip"', "<title>")
        self.faults += [f"{mark} is missing" for mark in marks if mark not in self.text]


def _loose(tag, attributes, ids):
    """References within the page that lead nowhere."""
    for name, value in attributes.items():
        within = name in {"href", "action", "formaction"} and (value or "").startswith("#")
        if (name in {"for", "aria-labelledby", "list"} or within) and (value or "").removeprefix("#") not in ids:
            yield f"<{tag} {name}={value}> leads nowhere"


def _foreign(tag, attributes):
    """What the content security policy would not let happen."""
    if tag == "style" or (tag == "script" and "src" not in attributes):
        yield f"a {tag} is inline"
    source = attributes.get("src") or (attributes.get("href", "") if tag == "link" else "")
    if source and not source.startswith(("/static/", "data:,")):
        yield f"<{tag}> loads {source}"
