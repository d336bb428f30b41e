"""Real texts as works, and what becomes of them in the world: edited, excerpted, inside others, in other width."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    import random

ROOT = Path(__file__).resolve().parents[3]
_MANUALS = Path("/usr/share/man/zh_CN")  # Debian's manpages-zh: real Chinese, where documents_open has a single text
_WIDE = str.maketrans({**{c: c + 0xFEE0 for c in range(0x21, 0x7F)}, 0x20: 0x3000})
_NARROW = ',.;:?!()-"'
_QUOTES = str.maketrans(_NARROW + "，。；：？！（）—“", "，。；：？！（）—“" + _NARROW)


def english(least: int = 600) -> list[str]:
    """The texts of documents_open.parquet, distinct ones."""
    file = ROOT / "shared/data/documents_open.parquet"
    if not file.exists():
        return []
    texts = pq.read_table(file, columns=["text"])["text"].to_pylist()
    return [text for text in dict.fromkeys(texts) if text and len(text) >= least]


def chinese(least: int = 400) -> list[str]:
    """Chinese manual pages, without their mark-up, where they are installed."""
    found = []
    for file in sorted(_MANUALS.rglob("*.gz")):
        source = gzip.decompress(file.read_bytes()).decode("utf-8", "replace")
        plain = re.sub(r"\\f[BIRP]|\\[-&]|\\\([a-z]{2}|\\[a-z]", "", re.sub(r"(?m)^[.'].*$", "", source))
        text = re.sub(r"\s*\n\s*", "\n", plain).strip()
        if len(text) >= least and len(re.findall("[一-鿿]", text)) > len(text) // 3:
            found.append(text)
    return list(dict.fromkeys(found))


def inside(text: str, others: list[str], times: int) -> str:
    """Put a text into the middle of others, so that the whole is so many times as long."""
    around = ""
    for other in others:
        around += other + "\n"
        if len(around) >= len(text) * (times - 1):
            break
    around = around[: len(text) * (times - 1)]
    half = len(around) // 2
    return f"{around[:half]}\n{text}\n{around[half:]}"


def excerpt(text: str, length: int, draw: random.Random) -> str:
    """Take a passage from anywhere in a text."""
    start = draw.randrange(max(len(text) - length, 1))
    return text[start : start + length]


def repunctuated(text: str) -> str:
    """Translate punctuation into another script's, and every other line into full width."""
    lines = text.translate(_QUOTES).split("\n")
    return "\n".join(line.translate(_WIDE) if number % 2 else line for number, line in enumerate(lines)).upper()
