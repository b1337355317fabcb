"""Planted secrets that no ordinary text contains, and a search for them in any encoding."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

# The searched part of a secret has only letters and digits, so that few encodings change it.
TOKEN = "Zq1+tokenPlanted7/x é&="
TOKEN_SPELLED = "Zq1%2Btoken%50lanted7%2Fx%20%C3%A9%26%3D"  # P is escaped without need
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
_UNICODE_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{2}(?::?[0-9a-fA-F]{2}){7,}")
_LINE_END = re.compile(r"(?<=[A-Za-z0-9+/]{16})(?:\s|\\+[rn])+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}")


@dataclass(frozen=True)
class Leak:
    """A secret in an output: where it is, and the surrounding text."""

    word: str
    where: str
    context: str = field(compare=False)


def target(port: int) -> str:
    """Return an endpoint's URL with a secret in every possible place."""
    user = f"{USER}:{quote(PASSWORD, safe='')}"
    return f"http://{user}@127.0.0.1:{port}/hook?Token={TOKEN_SPELLED}&code={CODE}&{BARE}"


def integration_target(port: int) -> str:
    """Return the URL of the other endpoint, with a secret."""
    return f"http://127.0.0.1:{port}/integration?Token={INTEGRATION_TOKEN}"


def find_leaks(
    folder: Path, output: str, *, planted_in: Iterable[str], keys: Iterable[str] = ()
) -> list[Leak]:
    """Search for every secret in every file below a folder and in the terminal output.

    Args:
        folder: the folder with the files of the run, at any depth.
        output: the terminal output of the run.
        planted_in: the names of files that have secrets on purpose.
        keys: keys that the run generated.

    """
    words = [word.lower() for word in (*WORDS, *keys)]
    texts = {"terminal": output}
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in planted_in:
            texts[str(path.relative_to(folder))] = path.read_text("utf-8", "surrogateescape")
            texts[f"the name of {path.name}"] = path.name
    return list(
        dict.fromkeys(
            Leak(word, where, variant[max(0, index - 60) : index + 60])
            for where, text in texts.items()
            for variant in _decoded_variants(text)
            for word in words
            if (index := variant.find(word)) >= 0
        )
    )


def _decoded_variants(text: str) -> list[str]:
    """Return a text as it is, without its escapes, and with its base64 parts decoded."""
    plain = html.unescape(unquote(unquote(text)))
    letters = _UNICODE_ESCAPE.sub(lambda match: chr(int(match[1], 16)), plain)
    digits = [run.replace(":", "") for run in _HEXADECIMAL.findall(text)]
    octets = " ".join(bytes.fromhex(run[: len(run) // 2 * 2]).decode("latin-1") for run in digits)
    unfolded = _LINE_END.sub("", text)
    return [
        text.lower(),
        plain.lower(),
        plain.replace("\\", "").lower(),
        letters.lower(),
        octets.lower(),
        *(_decode_all_base64(variant).lower() for variant in (text, unfolded)),
    ]


def _decode_all_base64(text: str) -> str:
    return " ".join(
        _decode_base64(run[start:])
        for run in _BASE64.findall(text.translate({ord("-"): "+", ord("_"): "/"}))
        for start in range(4)
    )


def _decode_base64(run: str) -> str:
    complete = run[: len(run) // 4 * 4]
    try:
        return base64.b64decode(complete).decode("latin-1")
    except binascii.Error:
        return ""
