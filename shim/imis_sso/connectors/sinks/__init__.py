"""Places outside that lines of the audit trail are sent to: a file, syslog, a webhook."""

from __future__ import annotations

from imis_sso.connectors.sinks.file import FileSink
from imis_sso.connectors.sinks.syslog import SyslogSink
from imis_sso.connectors.sinks.webhook import WebhookSink

__all__ = ["FileSink", "SyslogSink", "WebhookSink"]
