"""The edge: settings, the composition root, the command line and HTTP."""
