"""Sources with a memory: a local copy of small tables, and asking for what may have changed in them.

Runs and warehouse events can't be counted on by spans of time: a run comes in slices, is repaired days later, and its
place in a window is known only from all of them. Their tables are small (the largest estates have tens of thousands of
slices a day), so the rows of a window lie here, in an engine of our own, and the same statements run on them. So a
refresh and a full read say the same by construction.

What is not copied, or is too wide for the ceiling, goes to the source itself as it stands.
"""

from sysmon_tui.services.mirror.source import MirroredSource

__all__ = ["MirroredSource"]
