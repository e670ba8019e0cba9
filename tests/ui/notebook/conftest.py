"""What IPython shows of a value, without a running notebook."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

from penstock.ui.notebook import register


@pytest.fixture
def displayed() -> Callable[[Any], dict[str, str]]:
    """What a cell that ends in a value shows, by MIME type."""
    formatter = DisplayFormatter()
    register(SimpleNamespace(display_formatter=formatter))

    def displayed(value: Any) -> dict[str, str]:
        shown, _ = formatter.format(value)
        return dict(shown)

    return displayed
