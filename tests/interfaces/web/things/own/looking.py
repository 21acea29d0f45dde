"""What tests look at on the pages of organisers and reviewers."""

from tests.interfaces.web.reading import Page

__all__ = ["errors", "links", "names", "notes", "pills", "said", "title_of"]


def errors(page: Page) -> list[str]:
    """The messages at fields."""
    return page.of_class("error")


def names(page: Page) -> list[str]:
    """The names in lists."""
    return [e.text for e in page.all("strong")]


def notes(page: Page, role: str) -> list[str]:
    """What was done (`status`), or what is in the way (`alert`)."""
    return [e.text for e in page.elements if e.get("role") == role]


def pills(page: Page) -> list[str]:
    return page.of_class("pill")


def links(page: Page, label: str) -> list[str]:
    """Where the links with this label lead."""
    return [e["href"] for e in page.all("a") if e.text == label]


def said(page: Page) -> dict[str, str]:
    """What the page says of the fields of a thing, by their names."""
    terms = [e.text.removesuffix(" changed") for e in page.all("dt")]
    return dict(zip(terms, [e.text for e in page.all("dd")], strict=True))


def title_of(page: Page) -> str:
    return page.text("h1")
