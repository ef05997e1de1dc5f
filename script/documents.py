"""Check Markdown documents: links to files that are not there, or to missing headings."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

_SKIPPED = frozenset({".venv", ".tools", ".git", "cdktf.out", ".terraform", "node_modules"})
_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[[^]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
_ABSOLUTE = re.compile(r"^[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def documents(root: Path) -> list[Path]:
    """Give the Markdown files of a work tree, without what tools have put there."""
    return sorted(
        path
        for path in root.rglob("*.md")
        if not _SKIPPED.intersection(path.relative_to(root).parts)
    )


def problems(root: Path) -> Iterator[str]:
    """Give one line for every link of a document that leads nowhere."""
    for document in documents(root):
        for target in links(document.read_text("utf-8")):
            reason = _broken(document, target)
            if reason:
                yield f"{document.relative_to(root)}: {target}: {reason}"


def links(text: str) -> list[str]:
    """Give the targets inside the work tree that a document links to, code left out."""
    prose = _CODE.sub("", _FENCE.sub("", text))
    return [target for target in _LINK.findall(prose) if not _ABSOLUTE.match(target)]


def anchors(text: str) -> set[str]:
    """Give what a document's headings are called in links, as repository hosts do."""
    plain = _FENCE.sub("", text)
    names: dict[str, int] = {}
    found = set(_ANCHOR.findall(plain))
    for heading in _HEADING.findall(plain):
        name = _slug(heading)
        count = names.get(name, 0)
        found.add(f"{name}-{count}" if count else name)
        names[name] = count + 1
    return found


def _slug(heading: str) -> str:
    words = re.sub(r"[^\w\- ]", "", heading.lower())
    return words.strip().replace(" ", "-")


def _broken(document: Path, target: str) -> str | None:
    name, _, anchor = unquote(target).partition("#")
    path = document.parent / name if name else document
    if not path.exists():
        return "no such file"
    if anchor and path.suffix == ".md" and anchor not in anchors(path.read_text("utf-8")):
        return "no such heading"
    return None


def main() -> int:
    """Check the work tree this file belongs to; gives 1 where a link leads nowhere."""
    root = Path(__file__).resolve().parents[1]
    found = list(problems(root))
    for line in found:
        sys.stdout.write(f"docs: {line}\n")
    sys.stdout.write(f"docs: {len(documents(root))} documents, {len(found)} dead links\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
