"""Long-running parts: each a loop around one step."""
