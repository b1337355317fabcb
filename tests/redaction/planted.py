"""Secrets that no ordinary text holds, and how they are looked for, whatever wraps them."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

# A secret's own word is letters and digits alone, so that few encodings change it.
TOKEN = "Zq1+tokenPlanted7/x é&="
TOKEN_SPELLED = "Zq1%2Btoken%50lanted7%2Fx%20%C3%A9%26%3D"  # P needs no escape, and has one
INTEGRATION_TOKEN = "Zq2integrationPlanted"
CODE = "Zq3codePlanted"
BARE = "Zq4withoutNamePlanted"
USER, PASSWORD = "partner", "Zq5:pass/wordPlanted"
ENVIRONMENT_TOKEN = "Zq6environmentPlanted"
INI_TOKEN = "Zq7iniPlanted"
CLIENT_TOKEN = "Zq8clientPlanted"
ACCESS_TOKENS = ("Zq9firstPlanted", "Zq0secondPlanted")

WORDS = (
    *("Planted7", INTEGRATION_TOKEN, CODE, BARE, "wordPlanted", ENVIRONMENT_TOKEN, INI_TOKEN),
    *(CLIENT_TOKEN, *ACCESS_TOKENS),
)
TENANTS = f"""client_token = "{CLIENT_TOKEN}"

[[enterprise]]
id = "851df8c8-90f2-4c4a-8e01-a4fc46b25178"
integration_id = "c8bee838-7fb1-4f4e-8fac-ac87008b2f90"
access_token = "{ACCESS_TOKENS[0]}"

[[enterprise]]
id = "851df8c8-90f2-4c4a-8e01-a4fc46b25179"
integration_id = "c8bee838-7fb1-4f4e-8fac-ac87008b2f91"
access_token = "{ACCESS_TOKENS[1]}"
"""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")


@dataclass(frozen=True)
class Leak:
    """A secret that was found, where, and what stands around it."""

    word: str
    where: str
    around: str = field(compare=False)


def target(port: int) -> str:
    """Give an endpoint's URL that bears a secret wherever one can stand."""
    user = f"{USER}:{quote(PASSWORD, safe='')}"
    return f"http://{user}@127.0.0.1:{port}/hook?Token={TOKEN_SPELLED}&code={CODE}&{BARE}"


def integration_target(port: int) -> str:
    """Give another one."""
    return f"http://127.0.0.1:{port}/integration?Token={INTEGRATION_TOKEN}"


def leaks(
    folder: Path, said: str, *, planted_in: Iterable[str], minted: Iterable[str] = ()
) -> list[Leak]:
    """Look for every secret in every file below a folder and in what was said.

    Args:
        folder: where the run left its files, however deep; whatever they are.
        said: what the run wrote to its terminal.
        planted_in: the names of files that hold secrets on purpose.
        minted: keys that were drawn during the run.

    """
    words = [word.lower() for word in (*WORDS, *minted)]
    texts = {"terminal": said}
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in planted_in:
            texts[str(path.relative_to(folder))] = path.read_text("utf-8", "surrogateescape")
            texts[f"the name of {path.name}"] = path.name
    return list(
        dict.fromkeys(
            Leak(word, where, reading[max(0, place - 60) : place + 60])
            for where, text in texts.items()
            for reading in _readings(text)
            for word in words
            if (place := reading.find(word)) >= 0
        )
    )


def _readings(text: str) -> list[str]:
    """Read a text as it is, without its escapes, and with what is base64 in it decoded."""
    plain = html.unescape(unquote(unquote(text)))
    decoded = " ".join(
        _decoded(run[start:])
        for run in _BASE64.findall(text.translate({ord("-"): "+", ord("_"): "/"}))
        for start in range(4)
    )
    return [text.lower(), plain.lower(), plain.replace("\\", "").lower(), decoded.lower()]


def _decoded(run: str) -> str:
    whole = run[: len(run) // 4 * 4]
    try:
        return base64.b64decode(whole).decode("latin-1")
    except binascii.Error:
        return ""
