from . import changes, events, payloads, snapshots, wake, webhook_service
