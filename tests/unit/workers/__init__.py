"""The workers' decisions that need no store."""
