"""Two works of the demo, written for it: one that was opted out before, and one that is opted out afterwards.

And what becomes of a work on other people's pages: copied, edited, put into a longer text, quoted.
"""

from __future__ import annotations

import random

WALNUT = (
    "Nobody in the village could say who had planted the walnut tree, though everybody had a story about it. The "
    "baker held that a soldier had dropped the nut on his way home from a war that nobody else remembered. The "
    "schoolmistress, who did not care for soldiers, had found in the parish book that a widow once paid for a "
    "hole to be dug there, and for nothing to be put into it. The children knew better than either of them. They "
    "had it from the tree itself, which on windy nights would tell anyone who sat between its roots that it had "
    "simply been there first, and that the village had come by one morning, out of breath, and asked whether it "
    "might stay for a while. When the road was to be widened, the engineers came with a red string and stretched "
    "it from the fountain to the bridge, and the string went straight through the trunk. That evening the baker, "
    "the schoolmistress and all the children met under the branches for the first time, and since each of them "
    "was sure of another story, they could agree on nothing but the tree."
)
FERRY = (
    "My grandmother ran the ferry for thirty-one years and never once learned to swim. She said that a person who "
    "can swim pays the water too little attention. Every crossing had its own sound, she told me, and in the "
    "seventh winter she could tell from the kitchen whether it was the doctor calling from the far bank, or only "
    "the postman, who would wait. She kept a book in which she wrote down what people carried over: a clock, a "
    "goat that wept, two coffins in one week, a bride who was already late. She did not write down names. Names, "
    "she said, they take across with them. When the bridge was opened the mayor made a speech and cut a ribbon, "
    "and my grandmother stood in the crowd with the rope still over her shoulder. Afterwards she walked to the "
    "middle, looked down for a long time, and went home the way she had come. She never used it again, and she "
    "never said that it was not a good bridge."
)
_INSTEAD = ("quietly", "perhaps", "an old", "grey", "yesterday", "so they say", "across", "long ago")


def told_again(work: str, how: str, number: int) -> str:
    """Give what a page makes of a work: `copy`, `edited` (one word in twenty), `inside`, `quoted`, `letter`."""
    draw = random.Random(number)  # noqa: S311 - the same records every time, not a secret
    if how == "copy":
        return work.upper() if number % 2 else work
    if how == "edited":
        words = [draw.choice(_INSTEAD) if at % 20 == number % 20 else word for at, word in enumerate(work.split())]
        return " ".join(words)
    if how == "inside":
        return f"{_chatter(number, 400)} {work} {_chatter(number + 1, 400)}"
    if how == "quoted":
        words = work.split()
        return f"{_chatter(number, 200)} {' '.join(words[60:108])} {_chatter(number + 1, 200)}"
    return f"Letter {number}. {work}"


def _chatter(number: int, words: int) -> str:
    """Give talk around a work that says nothing twice."""
    draw = random.Random(number)  # noqa: S311 - as above
    syllables = ("ra", "ten", "mo", "li", "sar", "ku", "ven", "do")
    return " ".join("".join(draw.choices(syllables, k=draw.randint(2, 4))) for _ in range(words))
