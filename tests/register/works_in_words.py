"""Works for tests: made-up prose of a seed, and shingling written down slowly, character by character."""

import random
import unicodedata

from rightful.register.shingles import BASE, CHARACTERS, WORDS

_WORDS = [
    a + b + c
    for a in ("ba", "ke", "lo", "mi", "tu", "sha")
    for b in ("r", "n", "", "st")
    for c in ("a", "en", "o", "ish")
]
_CHARACTERS = [chr(code) for code in range(0x4E00, 0x4E00 + 900)]
_MASK = (1 << 64) - 1
# Unicode 16, DerivedCoreProperties.txt: Default_Ignorable_Code_Point, without format characters and plane 14.
INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2065\u3164\uffa0"
    "\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e\ufe0f"
    "\ufff0\ufff1\ufff2\ufff3\ufff4\ufff5\ufff6\ufff7\ufff8"
)


def prose(seed, words=200):
    """Words of a small vocabulary in an order that no other seed has."""
    draw = random.Random(f"prose {seed}")
    return " ".join(draw.choice(_WORDS) + draw.choice(("", "", "", ",", ".")) for _ in range(words))


def hanzi(seed, characters=400):
    """The same in Chinese characters."""
    draw = random.Random(f"hanzi {seed}")
    return "".join(draw.choice(_CHARACTERS) + draw.choice(("", "", "", "", "，", "。")) for _ in range(characters))


def edited(text, share, seed=0):
    """Replace a share of the words."""
    draw = random.Random(f"edit {seed}")
    return " ".join(draw.choice(_WORDS) if draw.random() < share else word for word in text.split())


def mix(x):
    """The finalizer of splitmix64."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def kind(character):
    """What a folded character is: of a word, a token by itself, nothing, or the end of a token."""
    code, category = ord(character), unicodedata.category(character)
    if category == "Cf" or character in INVISIBLE or 0xE0000 <= code <= 0xE0FFF:
        return "nothing"
    if category[0] not in "LNM":
        return "end"
    alone = (
        (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x303C),
        (0x3040, 0x312F), (0x31A0, 0x31BF), (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF),
        (0x1B000, 0x1B16F), (0x20000, 0x3FFFF),
    )  # fmt: skip
    return "alone" if any(first <= code <= last for first, last in alone) else "word"


def tokens_slowly(text):
    """Give tokens as (kind, characters)."""
    text = text.encode("utf-32-le", "replace").decode("utf-32-le")
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found, word = [], ""
    for character in folded + " ":
        what = kind(character)
        if what == "word":
            word += character
        elif what != "nothing":
            if word:
                found.append(("word", word))
            word = ""
            if what == "alone":
                found.append(("alone", character))
    return found


def shingles_slowly(text):
    """Give the set of shingle hashes by the definition in the module's docstring."""
    tokens = tokens_slowly(text)
    hashes = [mix(sum(ord(c) * pow(BASE, k, 1 << 64) for k, c in enumerate(word)) & _MASK) for _, word in tokens]
    found = set()
    for at, (what, _) in enumerate(tokens):
        length = WORDS if what == "word" else CHARACTERS
        run = hashes[at : at + length]
        if len(run) == length:
            total = (length + sum(value * pow(BASE, k, 1 << 64) for k, value in enumerate(run))) & _MASK
            found.add(mix(total) >> 10 << 10)
    return found
