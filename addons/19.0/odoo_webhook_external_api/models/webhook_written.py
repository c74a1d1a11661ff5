from odoo import api, fields, models

KEPT = '30 days'  # longer than anybody waits to learn what became of a write
LONGEST_TOKEN = 64


class WebhookWritten(models.Model):
    """Which compared writes were made, and the version that each left.

    A row is written in the transaction of its write: who lost the answer asks
    by the token, and is told the truth whatever became of the record since.
    """

    _name = 'webhook.written'
    _description = 'Compared Write'
    _rec_name = 'token'
    _log_access = True

    model = fields.Char(string="Model", required=True, readonly=True)
    res_id = fields.Integer(string="Record", required=True, readonly=True)
    token = fields.Char(string="Token", required=True, readonly=True)
    version = fields.Char(string="Version", required=True, readonly=True)

    def init(self):
        self.env.cr.execute("CREATE UNIQUE INDEX IF NOT EXISTS webhook_written_token ON webhook_written (token, model, res_id)")
        self.env.cr.execute("CREATE INDEX IF NOT EXISTS webhook_written_date ON webhook_written (create_date)")

    @api.model
    def _as(self, record, token):
        """The version that the token's write left the record with, or False."""
        self.env.cr.execute("SELECT version FROM webhook_written WHERE token = %s AND model = %s AND res_id = %s", [token, record._name, record.id])
        found = self.env.cr.fetchone()
        return found[0] if found else False

    @api.model
    def _remember(self, record, token, version):
        self.env.cr.execute("""
            INSERT INTO webhook_written (model, res_id, token, version, create_uid, create_date, write_uid, write_date)
            VALUES (%s, %s, %s, %s, %s, now() at time zone 'UTC', %s, now() at time zone 'UTC')""",
            [record._name, record.id, token, version, self.env.uid, self.env.uid])

    @api.model
    def _check_token(self, token):
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN:
            raise ValueError("a token is a text of up to %d characters" % LONGEST_TOKEN)

    @api.autovacuum
    def _gc_written(self):
        self.env.cr.execute("DELETE FROM webhook_written WHERE create_date < (now() at time zone 'UTC') - %s::interval", [KEPT])
