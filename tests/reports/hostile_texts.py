"""Texts that a response may contain to attack the reader of a log or a page."""

from __future__ import annotations

HOSTILE_TEXTS = (
    "::error title=x::injected",
    "ok\n::set-output name=a::b",
    "ok\r\n  ::add-mask::b",
    "##[error]injected",
    "##vso[task.setvariable variable=a]b",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](http://evil.example)",
    "http://evil.example www.evil.example",
    "a@evil.example and @mention",
    "| a | b |\n|---|---|",
    "`` ` ``` <b>",
    "`",
    "\\` <b> \\",
    "```\n# heading\n",
    "&lt;b&gt; &#64;mention",
    "\x1b[31mred\x1b[0m\u202eredro",
    "{{ 7 * 7 }} ${HOME} $(id)",
    "%0A::error::x",
    " ",
)
