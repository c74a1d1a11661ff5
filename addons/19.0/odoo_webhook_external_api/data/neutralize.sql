-- A copied database must not tell anybody of its changes.
UPDATE webhook_config SET active = FALSE, webhook_url = 'https://neutralized.invalid/', api_key = NULL, signing_secret = NULL;
UPDATE webhook_delivery SET state = 'failed', error = 'neutralized' WHERE state = 'pending';
