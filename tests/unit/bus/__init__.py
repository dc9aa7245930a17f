"""What bus/ promises."""
