"""The events of a day: nobody views a title twice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.sample_world.events import SeenFilter


@given(pairs=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=60))
def test_the_seen_filter_admits_nothing_twice(pairs: list[tuple[int, int]]) -> None:
    seen, admitted = SeenFilter(len(pairs)), set[tuple[int, int]]()
    for batch in (pairs[::2], pairs[1::2]):
        if batch:
            viewers, titles = np.array(batch).T
            for pair, is_first in zip(batch, seen.admit(viewers, titles).tolist(), strict=True):
                assert not (is_first and pair in admitted)
                admitted |= {pair} if is_first else set()
    assert admitted
