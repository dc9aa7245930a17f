"""The specification of Frontdesk, as tests."""

import os

# As the command line has it: numpy reads this when it is loaded, and threads that spin slow the others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
