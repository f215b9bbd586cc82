"""Rule tests: tables of rows with the time of the event and of their arrival, against the timeline of alert states.

document.py has the format, load.py reads a file, rows.py makes the tables' rows, run.py evaluates them with a held
clock through the statements and the desk of the program itself, timeline.py compares, report.py words it.
"""
