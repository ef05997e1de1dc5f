"""Links between documents are checked; the repository's own are alive."""

from __future__ import annotations

from pathlib import Path

import pytest

import documents

ROOT = Path(__file__).resolve().parents[2]


def _problems(folder: Path, text: str) -> list[str]:
    (folder / "a.md").write_text(text, "utf-8")
    (folder / "b.md").write_text("# One two\n\n## One two\n\n## `code`, more!\n", "utf-8")
    return list(documents.problems(folder))


@pytest.mark.parametrize(
    "link",
    [
        "b.md", "./b.md", "b.md#one-two", "b.md#one-two-1", "b.md#code-more", "#here",
        "https://example.org/x", "mailto:a@example.org", "#named",
    ],
)  # fmt: skip
def test_living_links(tmp_path: Path, link: str) -> None:
    """Files, headings (repeated ones are numbered), named anchors, addresses elsewhere."""
    assert _problems(tmp_path, f'# Here\n\n<a id="named"></a>\n[x]({link})\n') == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("c.md", "no such file"),
        ("b.md#three", "no such heading"),
        ("b.md#one-two-2", "no such heading"),
        ("#elsewhere", "no such heading"),
    ],
)
def test_dead_links(tmp_path: Path, link: str, why: str) -> None:
    """Told with document and target."""
    assert _problems(tmp_path, f"# Here\n[x]({link})\n") == [f"a.md: {link}: {why}"]


def test_code_has_no_links(tmp_path: Path) -> None:
    """Neither in a block nor in a line."""
    assert _problems(tmp_path, "`[x](gone.md)`\n\n```\n[x](gone.md)\n# no heading\n```\n") == []


def test_own_documents() -> None:
    """Every link of this repository leads somewhere."""
    assert list(documents.problems(ROOT)) == []
