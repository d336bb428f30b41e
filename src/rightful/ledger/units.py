"""How much text there is: characters, octets, and an estimate of tokens that needs no tokenizer.

Everything is whole numbers, summed before anything is divided: any cut into shards and batches gives the same.

    >>> Units(characters=2, octets=6).tokens, Units(characters=8, octets=8).tokens
    (2, 2)
"""

from __future__ import annotations

from dataclasses import dataclass

_CHARACTERS_A_TOKEN = 4  # of ASCII; a character of another script counts as a token of its own


@dataclass(frozen=True, slots=True)
class Units:
    """Text of some records.

    Attributes:
        characters: code points.
        octets: of its UTF-8 form.
    """

    characters: int = 0
    octets: int = 0

    @property
    def tokens(self) -> int:
        """Estimate tokens: a quarter of the ASCII characters and all others, rounded down.

        How many are outside ASCII follows from the octets, taking three for each: exact for Chinese, Japanese and
        Korean; half as many as there are for scripts of two octets, and never more than all of them.
        """
        beyond = min((self.octets - self.characters) // 2, self.characters)
        return (self.characters - beyond) // _CHARACTERS_A_TOKEN + beyond

    def __add__(self, other: Units) -> Units:
        return Units(self.characters + other.characters, self.octets + other.octets)
