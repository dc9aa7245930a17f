"""Unit tests of `knowledgebase`."""
