"""psycopg, bound to the OpenSSL that it brings: import it from here.

TensorFlow gives its own cryptographic functions to every library that is loaded after it. libpq would take those for
OpenSSL's, and the process would end at the first connection ("free(): invalid pointer").
"""

from __future__ import annotations

import os
import sys

__all__ = ["psycopg"]

_flags = sys.getdlopenflags()
sys.setdlopenflags(_flags | getattr(os, "RTLD_DEEPBIND", 0))
try:
    import psycopg
finally:
    sys.setdlopenflags(_flags)
