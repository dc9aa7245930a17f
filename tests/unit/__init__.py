"""Behaviour of pure code, with no server and no socket."""
