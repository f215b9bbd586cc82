"""Pure: frames and a time in, what a person or a client sees out. No I/O, no clock, no Textual."""
