"""One similarity under every evaluation rule in use."""

from vrbench.auditing.report import AuditReport, audit, audit_case

__all__ = ["AuditReport", "audit", "audit_case"]
