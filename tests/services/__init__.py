"""Private servers for tests and benchmarks: own ports, own folders, no trace of them afterwards."""
