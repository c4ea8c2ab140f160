"""Waiting for descriptors, whatever their number."""

import os
import resource

import pytest

from honeyweights.containers.internet.ready import ready


def test_who_is_ready_and_who_is_at_its_end() -> None:
    read, write = os.pipe()
    assert ready([read], seconds=0) == set()
    assert ready([read], [write], seconds=1) == {write}
    os.write(write, b"x")
    assert ready([read]) == {read}
    os.read(read, 1)
    os.close(write)
    assert ready([read], seconds=1) == {read}
    os.close(read)


def test_numbers_beyond_what_select_knows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("descriptors are limited here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    read, write = os.pipe()
    high = 1500
    os.dup2(read, high)
    try:
        os.write(write, b"x")
        assert ready([high], seconds=1) == {high}
    finally:
        for file in (read, write, high):
            os.close(file)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
