"""Assemble the pages of the documentation site, for MkDocs to build.

    .venv/bin/python docs/building/assemble.py FOLDER

FOLDER then has `mkdocs.yml`, with the site's address once there is one, and the folder `docs`: the
pages of `docs`, the generated ones, and files of the repository. What is assembled is plain
Markdown, so that another generator of sites can build it as well.

Pages link to each other and to files of the repository by relative paths, so that links work in a
checkout too. On the site a file outside `docs` has its path in the repository: an example's README
is a page, its source a page with the code; a scenario file leads to the page about its scenario.
"""

from __future__ import annotations

import argparse
import os.path
import re
import shutil
from functools import partial
from pathlib import Path, PurePosixPath

import api_page
import cause_kinds
import format_pages
import option_page
import review_points
import scenario_pages

from pytest_mews.documentation import SITE

ROOT = Path(__file__).parents[2]
DOCS, SCENARIOS, README = PurePosixPath("docs"), PurePosixPath("scenarios"), "README.md"
ASSETS = ("*.css", "*.html", "*.json", "*.png", "*.svg")
PROJECT_PAGES = ("ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK = re.compile(r"(?<=\]\()([^)#\s]+)(?=[#)])")
_LANGUAGES = {".go": "go", ".java": "java", ".js": "js", ".php": "php", ".py": "python"}
_LANGUAGES |= {".rb": "ruby", ".toml": "toml", ".yml": "yaml", ".json": "json"}

Pages = dict[str, str]
"""The text of each page, by its path within the site's docs folder."""


def assemble() -> Pages:
    """Return all pages of the site."""
    pages: Pages = {}
    for module in (api_page, format_pages, option_page, scenario_pages):
        pages.update(module.pages())
    waiting = [_relative(path) for path in sorted(ROOT.glob("docs/**/*.md"))]
    waiting += [_relative(path) for path in sorted(ROOT.glob("examples/*/README.md"))]
    waiting += map(PurePosixPath, PROJECT_PAGES)
    while waiting:
        source = waiting.pop()
        if _page(source) in pages:
            continue
        text = (ROOT / source).read_text("utf-8")
        if source.suffix == ".md":
            waiting += filter(None, (_target(source, link) for link in _LINK.findall(text)))
            pages[_page(source)] = _LINK.sub(partial(_on_site, source), text)
        else:
            pages[_page(source)] = _code_page(source, text)
    for module in (cause_kinds, review_points):
        pages[module.PAGE] = module.fill(pages[module.PAGE])
    return pages


def write(folder: Path) -> None:
    """Write the configuration of MkDocs and the pages to a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in assemble().items():
        page = folder / DOCS / path
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8")
    for pattern in ASSETS:
        for asset in ROOT.glob(f"docs/**/{pattern}"):
            copy = folder / _relative(asset)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(asset, copy)
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    address = f"site_url: {SITE}\n" if SITE else ""
    (folder / "mkdocs.yml").write_text(f"{address}{settings}", "utf-8")


def _relative(path: Path) -> PurePosixPath:
    return PurePosixPath(path.relative_to(ROOT).as_posix())


def _target(source: PurePosixPath, link: str) -> PurePosixPath | None:
    """Return the text file of the repository that a link leads to, if it leads to one."""
    if "://" in link:
        return None
    path = PurePosixPath(os.path.normpath(source.parent / link))
    if (ROOT / path).is_dir():
        path /= README
    is_asset = any(path.match(pattern) for pattern in ASSETS) and path.is_relative_to(DOCS)
    return path if (ROOT / path).is_file() and not is_asset else None


def _on_site(source: PurePosixPath, match: re.Match[str]) -> str:
    """Return a link of a page as it is on the site."""
    link = match[0]
    target = _target(source, link)
    if target is None:
        return link
    return os.path.relpath(_page(target), PurePosixPath(_page(source)).parent)


def _page(source: PurePosixPath) -> str:
    """Return the path of the page for a file of the repository."""
    if source.is_relative_to(SCENARIOS):
        return f"{scenario_pages.FOLDER}/{source.stem}.md"
    if str(source) == README:
        return "index.md"
    path = source.relative_to(DOCS) if source.is_relative_to(DOCS) else source
    return str(path) if path.suffix == ".md" else f"{path}.md"


def _code_page(source: PurePosixPath, text: str) -> str:
    language = _LANGUAGES.get(source.suffix, "text")
    return f"# {source.name}\n\n`{source}`:\n\n````{language}\n{text.rstrip()}\n````\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Assemble the pages of the documentation site.")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    write(parser.parse_args().folder)
