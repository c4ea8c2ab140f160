"""Who has much to do waits in one queue, a piece in each round of the loop."""

import asyncio

from honeyweights.containers.internet.turns import FIRST_TURN, TURN, Turns


async def test_each_round_has_one_piece_and_whoever_comes_is_in_between() -> None:
    turns, done = Turns(), []
    assert turns.first() == TURN
    for number in range(3):
        turns.ask(lambda number=number: done.append(number))  # type: ignore[misc]
    assert turns.first() == FIRST_TURN
    seen = []
    for _ in range(4):
        await asyncio.sleep(0)
        seen.append(list(done))
    assert seen == [[0], [0, 1], [0, 1, 2], [0, 1, 2]]
    assert turns.first() == TURN


async def test_who_asks_again_waits_behind_the_others_and_a_fault_is_nobody_elses() -> None:
    turns, done = Turns(), []

    def greedy() -> None:
        done.append("greedy")
        if done.count("greedy") < 3:
            turns.ask(greedy)

    def faulty() -> None:
        done.append("faulty")
        raise ValueError("its own")

    faults: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: faults.append(told))
    turns.ask(greedy)
    turns.ask(faulty)
    turns.ask(lambda: done.append("modest"))
    for _ in range(8):
        await asyncio.sleep(0)
    assert done == ["greedy", "faulty", "modest", "greedy", "greedy"]
    assert len(faults) == 1
