"""Where downloads are kept: outside the checkout and once per user, so that demo, `up` and tests share them."""

import os
from pathlib import Path

from platformdirs import user_cache_path


def cache_dir() -> Path:
    """Return the cache directory: `EMS_CACHE_DIR`, else the platform's own place for caches."""
    given = os.environ.get("EMS_CACHE_DIR")
    return Path(given).expanduser().absolute() if given else user_cache_path("exit-management-system")
