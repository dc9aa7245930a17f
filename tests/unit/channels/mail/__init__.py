"""E-mail: reading it, without a desk."""
