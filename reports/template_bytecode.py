"""Compiled templates, kept for the next run as Python keeps its modules."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import __version__
from jinja2.bccache import Bucket, FileSystemBytecodeCache


class TemplateBytecode(FileSystemBytecodeCache):
    """The bytecode of templates, beside that of modules.

    Compiling them takes a fifth of a run of one scenario. As with modules, none is written into a
    read-only folder, or with PYTHONDONTWRITEBYTECODE.
    """

    def __init__(self, package: Path) -> None:
        self._folder = package / "__pycache__"
        super().__init__(str(self._folder), f"%s.jinja-{__version__}")

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the bytecode of one template, if possible."""
        if not sys.dont_write_bytecode:
            with suppress(OSError):
                self._folder.mkdir(exist_ok=True)
                super().dump_bytecode(bucket)
