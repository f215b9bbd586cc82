"""Which thresholds would have kept pages few enough, by the highest counts of the pages that there were. Pure.

It is an estimate: an episode whose count dips below the higher threshold is two. services/backtest.py counts anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def raised(
    peaks: Mapping[str, Sequence[int]], thresholds: Mapping[str, int], fixed: int, allowed: int
) -> dict[str, int]:
    """Of each rule in `peaks` the threshold that leaves, with `fixed` other pages, at most `allowed`.

    The rule with most pages is raised first, by what takes its least page away, and so on: no rule is silenced to
    spare another that is as loud. Rules that stay as they are are left out.
    """
    left = {rule: sorted(counts) for rule, counts in peaks.items() if counts}
    found = dict(thresholds)
    while fixed + sum(map(len, left.values())) > allowed and left:
        loudest = max(left, key=lambda rule: (len(left[rule]), rule))
        found[loudest] = max(found[loudest], left[loudest][0]) + 1
        left[loudest] = [peak for peak in left[loudest] if peak >= found[loudest]]
        if not left[loudest]:
            del left[loudest]
    return {rule: threshold for rule, threshold in found.items() if threshold != thresholds[rule]}
