"""Build the site into a folder: ``python -m docs.site OUT``; a warning is an error."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import jupytext

from docs.site.methods import pages

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
COPIED = (
    *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("LICENSE", "CITATION.cff", "features/README.md", "benchmarks/results.md", "benchmarks/*.png"),
    *("docs/*.md", "docs/*.svg", "docs/figures/*", "docs/tutorials/*.md", "docs/reference/*.md"),
)
"""Files of the repository, which keep their places, so that links between them hold."""


def main() -> None:
    """Gather the pages and let Sphinx build them."""
    parser = argparse.ArgumentParser(prog="python -m docs.site", description=__doc__)
    parser.add_argument("out", type=Path)
    out: Path = parser.parse_args().out
    source = out / "source"
    shutil.rmtree(source, ignore_errors=True)
    for path in _copied():
        _place(source, path.relative_to(ROOT).as_posix(), path.read_bytes())
    for name, text in pages():
        _place(source, f"docs/{name}", text.encode())
    for path in sorted((ROOT / "docs" / "notebooks").glob("[!_]*.py")):
        page = jupytext.writes(jupytext.read(path), fmt="md")
        _place(source, f"docs/notebooks/{path.stem}.md", page.encode())
    first = (source / "README.md").read_text(encoding="utf-8")
    contents = (HERE / "contents.md").read_text(encoding="utf-8")
    (source / "README.md").unlink()
    _place(source, "index.md", f"{first}\n{contents}".encode())
    shutil.copytree(HERE / "_static", source / "_static")
    _build(source, out / "html")


def _copied() -> Iterator[Path]:
    for pattern in COPIED:
        yield from sorted(ROOT.glob(pattern))


def _place(source: Path, name: str, content: bytes) -> None:
    """Write a page; the README is the site's first page."""
    path = source / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".md"):
        text = content.decode()
        content = re.sub(r"\]\(((?:\.\./)*)README\.md", r"](\1index.md", text).encode()
    path.write_bytes(content)


def _build(source: Path, out: Path) -> None:
    from sphinx.cmd.build import main as sphinx

    shutil.rmtree(out, ignore_errors=True)
    how = ["-b", "html", "-W", "--keep-going", "-q", "-c", str(HERE)]
    if code := sphinx([*how, str(source), str(out)]):
        raise SystemExit(code)


if __name__ == "__main__":
    main()
