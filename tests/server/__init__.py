"""The headless mode, over real sockets."""
