"""Parts working together in one process, over real sockets and files."""
