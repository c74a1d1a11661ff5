from . import webhook_service
