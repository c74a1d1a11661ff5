"""A module of this name from before 1.0 (the guide prints one) knew neither
streams nor counters: its configurations get theirs."""

import uuid


def migrate(cr, version):
    if not version:
        return
    cr.execute("""
        INSERT INTO webhook_counter (config_id, last_sequence, sent, failed, milliseconds)
        SELECT id, 0, 0, 0, 0 FROM webhook_config WHERE id NOT IN (SELECT config_id FROM webhook_counter)""")
    cr.execute("SELECT id FROM webhook_config WHERE stream IS NULL")
    for (config,) in cr.fetchall():
        cr.execute("UPDATE webhook_config SET stream = %s WHERE id = %s", [str(uuid.uuid4()), config])
    cr.execute("""
        UPDATE webhook_config SET database_uuid = (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid')
         WHERE database_uuid IS NULL""")
