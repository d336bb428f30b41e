"""What shows that a text was damaged before it came here, as one regular expression (RE2 syntax, UTF-8).

It finds marks, not meaning: a text without any may still be nonsense, and a text about encodings has them rightly.
That is why the policy tolerates a share. No-break spaces and guillemets after capitals are left out: French and
Portuguese write them so.
"""

from __future__ import annotations

_MARKS = (
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]",  # control characters other than tab, line feed, carriage return
    r"[\x{80}-\x{9F}]",  # C1 controls: Windows-1252 read as Latin-1
    r"\x{FFFD}",  # what a decoder writes where it gave up
    # UTF-8 read as Windows-1252: accented Latin letters, punctuation, Cyrillic, the most common CJK lead
    r"Ã[\x{A1}-\x{AA}\x{AC}-\x{BA}\x{BC}-\x{BF}ƒ‰Š‡œŸ„–]",
    r"Â[\x{A3}\x{A5}\x{A7}\x{A9}\x{AE}\x{B0}\x{B1}\x{B4}\x{B7}]",
    r"â€|â„¢|Ð[\x{B0}-\x{BF}]|Ñ[€‚ƒ„…†‡ˆ‰Š‹Œ]|ä¸",
    r"ï»¿|ï¿½",  # the byte order mark and the replacement character, read so
    r"锟斤拷|烫烫烫|屯屯屯",  # the replacement character and unset memory, read as GBK
)

GARBLED = "|".join(_MARKS)
