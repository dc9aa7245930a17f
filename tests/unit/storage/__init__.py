"""What storage/ promises."""
