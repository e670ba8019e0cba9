from __future__ import annotations

import pytest

from penstock.metadata.location import has_password, shown


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("postgresql://u:s3cret@h/db", "postgresql://u:***@h/db"),
        ("postgresql://u:s3/c:r@e?t@h:5/db?sslmode=require", "postgresql://u:***@h:5/db?sslmode=require"),
        (
            "postgresql://h/db?user=u&password=s3cret&sslmode=require",
            "postgresql://h/db?user=u&password=***&sslmode=require",
        ),
        ("postgresql://h/db?sslpassword=s3cret", "postgresql://h/db?sslpassword=***"),
        ("mysql+pymysql://u:s3cret@h/db", "mysql+pymysql://u:***@h/db"),
    ],
)
def test_a_password_is_never_shown(url: str, seen: str) -> None:
    """Wherever it stands, and whatever characters it has that should have been escaped."""
    assert shown(url) == seen
    assert has_password(url)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u@h/db", "postgresql://h:5/db?sslmode=require", "sqlite:////a:b@c/x.db", "postgresql://u:${P}@h/db"],
)
def test_without_a_password_nothing_is_hidden(url: str) -> None:
    """Neither a user, a port, nor a path is one; a variable stands for one, and may be read."""
    assert not has_password(url)
    assert shown(url) == url.replace("${P}", "***")
