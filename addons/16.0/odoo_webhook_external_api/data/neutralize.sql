-- A copied database never sends: not what waits, not what happens in it, and
-- not to the address that somebody switches on again without looking.
UPDATE webhook_config
   SET active = false,
       webhook_url = 'https://neutralized.invalid/',
       api_key = NULL,
       signing_secret = NULL,
       stream = NULL,
       database_uuid = NULL;

UPDATE webhook_delivery
   SET state = 'cancelled',
       next_attempt = NULL
 WHERE state = 'pending';
