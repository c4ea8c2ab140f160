"""Merges of a byte-level BPE tokeniser, made of syllables: every piece is made of two that came before it."""

import re
from functools import lru_cache

from honeyweights.conditions.story import draw

ONSETS = (
    *("t", "s", "", "c", "p", "m", "d", "r", "b", "l", "f", "w", "h", "n", "st", "g", "pr", "th", "tr", "sh", "v", "ch", "gr", "cl"),
    *("pl", "br", "wh", "k", "j", "sp", "cr", "fl", "dr", "bl", "qu", "str", "sc", "sl"),
)
VOWELS = ("e", "a", "i", "o", "u", "ea", "ou", "ee", "ai", "y", "ie", "io")
CODAS = ("", "", "n", "r", "s", "t", "l", "d", "m", "ng", "nt", "st", "ck", "ss", "ll", "ct", "nd", "rt")
ENDINGS = ("ed", "ing", "er", "ly", "tion", "es", "ment", "able", "al", "ous", "ity", "ness")
BLANK = "Ġ"
"""How a byte-level tokeniser writes a blank."""
_INSIDE, _NAMES, _LONGER, _ENDED = 0.6, 0.93, 0.35, 0.5
"""Of pieces: those below begin a word, those above are capitals; those below have two syllables, those below have an ending."""
_NEVER = re.compile("mock|bait|lur|stub|fake|dumm|phon|deco|cann|eval|piss|shit|slut|cunt")
"""What chance might spell, and nobody should read."""
_FAVOUR = 2.2
"""The larger, the more the first of a list are preferred."""


@lru_cache(maxsize=4)
def merges(seed: bytes, count: int) -> tuple[tuple[str, str], ...]:
    """`count` of them, in the order in which they were learnt; a smaller vocabulary is the beginning of a larger one."""
    rng = draw(seed, "vocabulary")

    def pick(listed: tuple[str, ...]) -> str:
        return listed[int(len(listed) * rng.random() ** _FAVOUR)]

    found: dict[str, tuple[str, str]] = {}

    def learn(*parts: str) -> str:
        """The parts as one piece, each joined to what stands before it."""
        whole = parts[0]
        for part in parts[1:]:
            found.setdefault(whole + part, (whole, part))
            whole += part
        return whole

    while len(found) < count:
        first = f"{pick(ONSETS)}{pick(VOWELS)}{pick(CODAS)}"
        second = f"{pick(ONSETS)}{pick(VOWELS)}{pick(CODAS)}"
        if _NEVER.search(first + second) or _NEVER.search(second):
            continue
        begins = rng.random()
        start = learn(*(first.title() if begins > _NAMES else first)) if begins > _INSIDE else learn(BLANK, *first)
        more = rng.random()
        if more < _LONGER:
            start = learn(start, learn(*second))
        if more < _ENDED and start:
            learn(start, learn(*pick(ENDINGS)))
    return tuple(found.values())[:count]
