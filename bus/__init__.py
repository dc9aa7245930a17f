"""What moves between processes: the envelope, the durable bus and the live layer."""
