"""Tests of the gateway alone: settings, framework, commands."""
