"""``lifetime.show.display`` under a short name, for notebooks."""

from .show.display import *  # noqa: F403
