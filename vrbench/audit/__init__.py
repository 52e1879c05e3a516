"""One similarity under every evaluation rule in use."""

from vrbench.audit.report import audit

__all__ = ["audit"]
