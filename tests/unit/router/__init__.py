"""Tests of the domain: decisions, rules, assignment, SLA clocks."""
