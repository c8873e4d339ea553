"""The navigation of the site has every page of the documentation.

In: mkdocs.yml and docs/. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_page_can_be_found() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert "decisions/021-skipping-quiet-snippets.md" in pages
    assert [page for page in pages if f"{page}\n" not in navigation + "\n"] == []
