"""Counts in sentences."""


def counted(number: int, one: str) -> str:
    """`1 transfer`, `2,000 transfers`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"
