"""The type of artifact that the toy adds."""

from __future__ import annotations

from penstock import Artifact


class Poem(Artifact):
    """``poem.txt``: a poem, a line of verse on each line. Property ``lines`` counts them."""

    type_name = "Poem"
    declares = {"lines": int}  # noqa: RUF012  # as Penstock's own types declare theirs

    @property
    def verses(self) -> list[str]:
        """The lines of the poem."""
        return self.path("poem.txt").read_text().splitlines()
