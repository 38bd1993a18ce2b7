"""Checks that every page passes: structure, names for everything that needs one, nothing from elsewhere, no script."""

import re
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "input", "br", "hr", "img", "rect", "path", "circle", "line"}
INLINE = {"a", "abbr", "bdi", "code", "span", "strong", "time", "svg"}
#: The map's and the graph's, where their files were built; a script with a source holds nothing that runs itself.
OWN_SCRIPT = re.compile(r"/static/(leaflet|map|cytoscape|graph)\.js\?v=[0-9a-f]+")
#: Named as the licence of the data asks for it; nothing is loaded from there.
LINKS = {("a", "https://db-ip.com")}
ADDRESSES = {"href", "src", "action", "formaction", "poster", "data", "xlink:href"}


class Page(HTMLParser):
    """A parsed page: elements with their attributes, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.problems: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        if self._open:
            self.problems.append(f"never closed: {self._open}")
        self._check()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self.words.append(" ")
        if not self._open or self._open[-1] != tag:
            self.problems.append(f"</{tag}> closes {self._open[-3:]}")
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def _check(self) -> None:
        ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        if len(ids) != len(set(ids)):
            self.problems.append(f"an id is used twice: {sorted(ids)}")
        if len(self.all("h1")) != 1:
            self.problems.append(f"{len(self.all('h1'))} h1")
        levels = [int(tag[1]) for tag, _ in self.elements if re.fullmatch(r"h[1-6]", tag)]
        for before, after in pairwise(levels):
            if after > before + 1:
                self.problems.append(f"h{after} follows h{before}")
        labelled = {attributes.get("for") for attributes in self.all("label")}
        for tag, attributes in self.elements:
            for name, value in attributes.items():
                if name == "style" or name.startswith("on"):
                    self.problems.append(f"<{tag}> has {name}")
                if name in ADDRESSES and not re.match(r"(/(?!/)|#)", value) and (tag, value) not in LINKS:
                    self.problems.append(f"<{tag} {name}> leads elsewhere: {value}")
            own = tag == "script" and OWN_SCRIPT.fullmatch(attributes.get("src", ""))
            if tag in {"script", "style", "iframe", "object", "embed", "base"} and not own:
                self.problems.append(f"<{tag}>")
            seen = tag in {"input", "select", "textarea"} and attributes.get("type") != "hidden"
            if seen and attributes.get("id") not in labelled:
                self.problems.append(f"<{tag}> without label")
            if tag == "svg" and attributes.get("aria-hidden") != "true" and not attributes.get("aria-label"):
                self.problems.append("svg without text")
            if tag == "img" and "alt" not in attributes:
                self.problems.append("img without alt")
            if attributes.get("role") == "img" and not attributes.get("aria-label"):
                self.problems.append("role img without text")
            if tag == "th" and attributes.get("scope") not in {"row", "col"}:
                self.problems.append("th without scope")
        if self.all("html") != [{"lang": "en"}]:
            self.problems.append("no language")
        if len(self.all("main")) != 1 or not self.all("title"):
            self.problems.append("no main or no title")
