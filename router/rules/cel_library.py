"""The CEL library without the terminal that its package imports: a fifth of each start, and 10 MB.

The terminal is the package's module `cel.cli`, which nothing else in it uses; an empty one in its place keeps
prompt_toolkit and Pygments from being loaded.
"""

import sys
from types import ModuleType

sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))

from cel import Context, compile  # noqa: E402 - its own name for it; only now

__all__ = ["Context", "compile"]
