"""Tests of the channels alone: each platform's language, without a network."""
