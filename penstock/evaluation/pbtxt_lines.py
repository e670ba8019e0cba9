"""Where in a text proto each field stands: protobuf's parser does not say."""

from __future__ import annotations

import re

__all__ = ["line_of", "lines_of"]

_WORD = re.compile(r"""#[^\n]*|\n|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}<>\[\]:,;]|[^\s{}<>\[\]:,;#"']+""")
_AFTER = re.compile(r"\s*(:?)\s*([{<\[]?)")


def lines_of(text: str) -> dict[str, int]:
    r"""The line of each field of a text proto that parses, by its way from the top; the first line is 1.

    Each field on the way has its number among those of its name, but in a list of values only the first is there.

    >>> lines_of('a { b: 1 }\n# a comment\na { b: 2\n c: [3, 4] }')
    {'a[0]': 1, 'a[0].b[0]': 1, 'a[1]': 3, 'a[1].b[0]': 3, 'a[1].c[0]': 4}
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    around: list[tuple[str, str]] = []  # what was open, and the name that the brace belongs to
    way, name, line = "", "", 1

    def place() -> str:
        number = counts.get(way + name, 0)
        counts[way + name] = number + 1
        found[f"{way}{name}[{number}]"] = line
        return f"{way}{name}[{number}]."

    for match in _WORD.finditer(text):
        word = match.group()
        if word == "\n":
            line += 1
        elif word in "{<":
            around.append((way, name))
            way = place()
        elif word in "}>":
            way, name = around.pop()
        elif word[0] not in "#[],;:\"'" and (after := _AFTER.match(text, match.end())) and any(after.groups()):
            # What a colon or a brace comes after is the name of a field; anything else is a value.
            name = word
            if after[2] == "[":
                found[f"{way}{name}[0]"] = line
            elif not after[2]:
                place()
    return found


def line_of(lines: dict[str, int], at: str) -> int | None:
    """The line of a field, or of the nearest one around it that the text has.

    Args:
        lines: What `lines_of` found.
        at: The field's way; a name without a number is the first of it: ``a[1].b``.
    """
    way = ".".join(part if part.endswith("]") else f"{part}[0]" for part in at.split("."))
    while way and way not in lines:
        way = way.rpartition(".")[0]
    return lines.get(way)
