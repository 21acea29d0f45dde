"""Parses pages for tests: elements with attributes and text, and the form."""

from html.parser import HTMLParser
from urllib.parse import urlencode

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "path", "circle", "rect"})


class Element:
    """A tag with its attributes and all text inside it."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parts: list[str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    @property
    def typed(self) -> str:
        """What stands in a text area: the line break behind its tag does not belong to it."""
        return "".join(self.parts).removeprefix("\n")

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())


class Page(HTMLParser):
    """A parsed page; a tag that is closed in the wrong place fails the test."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.parts.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    def text(self, tag: str) -> str:
        """The text of the only such element."""
        (element,) = self.all(tag)
        return element.text

    def id(self, id: str) -> Element:
        (element,) = (element for element in self.elements if element.get("id") == id)
        return element

    def of_class(self, name: str) -> list[str]:
        """The texts of all elements of a class."""
        return [e.text for e in self.elements if name in (e.get("class") or "").split()]

    def filled(self) -> dict[str, list[str]]:
        """What the form would send unchanged."""
        sent: dict[str, list[str]] = {}
        for control in self.all("input", "textarea"):
            if control.get("type") in ("radio", "checkbox") and control.get("checked") is None:
                continue
            value = control.typed if control.tag == "textarea" else control["value"]
            sent.setdefault(control["name"], []).append(value)
        return {**self._chosen(), **sent}

    def _chosen(self) -> dict[str, list[str]]:
        """What each select would send: its selected option, else the first."""
        chosen: dict[str, list[str]] = {}
        name, marked = "", False
        for element in self.all("select", "option"):
            if element.tag == "select":
                name, marked = element["name"], False
            elif name not in chosen or (element.get("selected") is not None and not marked):
                given = element.get("value")
                chosen[name] = [element.text if given is None else given]
                marked = element.get("selected") is not None
        return chosen

    def body(self, **changes: str | list[str]) -> str:
        """The form, urlencoded, with some fields changed."""
        return urlencode({**self.filled(), **changes}, doseq=True)


def is_ours(script: Element) -> bool:
    """Whether it is a file of ours, or data that no browser carries out."""
    if script.get("type") == "application/ld+json":
        return not script.get("src")
    return bool(script.get("src")) and not script.text


def flaws_of_form(page: Page) -> list[str]:
    """Faults of a form for screen readers and keyboards; empty if there are none."""
    found = []
    ids = [element["id"] for element in page.elements if element.get("id")]
    if len(ids) != len(set(ids)):
        found.append("an id stands twice")
    labelled = {label["for"] for label in page.all("label")}
    for control in page.all("input", "textarea", "select"):
        if control.get("type") != "hidden" and control.get("id") not in labelled:
            found.append(f"{control.get('name')} has no label")
    for element in page.elements:
        for name in ("aria-describedby", "aria-labelledby"):
            for id in (element.get(name) or "").split():
                if id not in ids:
                    found.append(f"{name}={id} leads nowhere")
        target = element.get("href") or ""
        if target.startswith("#") and target[1:] not in ids:
            found.append(f"{target} leads nowhere")
        if int(element.get("tabindex") or 0) > 0:
            found.append("the tab order is bent")
    if len(page.all("h1")) != 1 or len(page.all("main")) != 1:
        found.append("not exactly one h1 and one main")
    if page.all("html")[0].get("lang") != "en" or not page.text("title"):
        found.append("no language or no title")
    scripts = [script for script in page.all("script") if not is_ours(script)]
    styles = [e for e in page.elements if e.get("style") or e.tag == "style"]
    if scripts or styles:
        found.append("a script or a style of its own")
    return found
