"""Pieces of the tokenisers."""

from honeyweights.conditions.vocabulary import merges


def test_a_smaller_vocabulary_is_the_beginning_of_a_larger_one() -> None:
    assert merges(b"s", 4000)[:1500] == merges(b"s", 1500)
    assert merges(b"s", 100) != merges(b"t", 100)


def test_every_piece_is_new_and_made_of_what_was_there() -> None:
    there = {chr(letter) for letter in range(ord("A"), ord("z") + 1)} | {"Ġ"}
    for left, right in merges(b"s", 9000):
        assert {left, right} <= there
        assert left + right not in there
        there.add(left + right)
    assert not {piece.lower().strip("ġ") for piece in there} & {"mock", "bait", "stub", "fake", "lure"}
