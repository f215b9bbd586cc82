"""Rules on what the tables say, evaluated by the head of each table; their delivery in `notify`."""
