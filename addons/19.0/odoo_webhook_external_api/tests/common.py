import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo.tests import TransactionCase

MODELS = ('sale.order', 'account.move', 'res.partner', 'crm.lead')


class Receiver:
    """A receiver on a port of its own; answers says what it answers next."""

    def __init__(self):
        self.requests = []  # (headers, body)
        self.answers = []   # statuses, or (status, headers); 200 when it is empty
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.requests.append((self.headers, body))
                answer = receiver.answers.pop(0) if receiver.answers else 200
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                text = b'{"status": "success"}' if status == 200 else b'{"status": "error"}'
                self.send_response(status)
                for name, value in {'Content-Type': 'application/json', 'Content-Length': str(len(text)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return 'http://127.0.0.1:%d/webhooks/odoo/' % self.server.server_port

    def bodies(self):
        return [json.loads(body) for _headers, body in self.requests]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Webhooks:
    """What the tests of all classes need, whatever they inherit from."""

    def configure(self, models=MODELS, url='http://127.0.0.1:9/', **values):
        configs = self.env['webhook.config'].sudo().create([
            dict({'name': model, 'model': model, 'webhook_url': url}, **values) for model in models])
        self.commit()
        return configs

    def commit(self):
        """What a commit does to the events, without one."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.cr.postcommit.clear()
        self.env.invalidate_all()

    def told(self):
        """The events since the last time, oldest first."""
        self.commit()
        deliveries = self.env['webhook.delivery'].sudo().search([], order='id')
        found = [json.loads(d.payload) for d in deliveries]
        deliveries.unlink()
        self.commit()
        return found

    def clerk(self, *groups):
        """A user with these groups and no others."""
        Users = self.env['res.users'].with_context(no_reset_password=True)
        field = 'group_ids' if 'group_ids' in Users._fields else 'groups_id'
        ids = [self.env.ref(group).id for group in ('base.group_user', *groups)]
        return Users.create({'name': "Clerk", 'login': 'webhook-clerk', field: [(6, 0, ids)]})

    def names(self):
        return [(e['event'], e['data']['id']) for e in self.told()]


class WebhookCase(Webhooks, TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env['webhook.config'].with_context(active_test=False).search([]).unlink()
        cls.env['webhook.delivery'].search([]).unlink()
        cls.partner = cls.env['res.partner'].create({'name': "École Primaire"})
        cls.product = cls.env['product.product'].create({'name': "Voyage Scolaire", 'list_price': 150, 'taxes_id': [(5,)]})
        cls.env.flush_all()
        cls.env.cr.precommit.run()
        cls.env.cr.postcommit.clear()

    def order(self, **values):
        line = (0, 0, {'product_id': self.product.id, 'product_uom_qty': 30, 'price_unit': 150})
        return self.env['sale.order'].create(dict({'partner_id': self.partner.id, 'order_line': [line]}, **values))
