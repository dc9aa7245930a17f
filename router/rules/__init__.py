"""The rules of the desk: documents that admins edit, checked, compiled once and run on every message."""
