"""One similarity under every evaluation rule in use."""

from vrbench.auditing.report import audit, audit_case

__all__ = ["audit", "audit_case"]
