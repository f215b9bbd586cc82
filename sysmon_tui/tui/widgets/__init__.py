"""The widgets that the tabs and detail views are built of."""
