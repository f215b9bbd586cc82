"""Telling people about alerts: which channels, once for each state, again when it failed."""
