"""Channels: one folder per platform, each speaking that platform's language and nothing else."""
