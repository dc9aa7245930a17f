"""The console script frontdesk."""
