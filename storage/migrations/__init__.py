"""Migrations, one module a revision; `storage.migrate` runs them."""
