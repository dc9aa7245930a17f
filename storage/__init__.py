"""The only place that speaks SQL: one schema, a module per aggregate."""
