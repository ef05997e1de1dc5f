"""What `script/bootstrap` and `script/opentofu` run: find or get what the project needs.

Standard library only, because it runs before anything is installed.
"""

from __future__ import annotations
