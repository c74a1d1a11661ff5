"""What a transaction has changed so far.

Hooks only note which records are touched, and once per record what the
database held before. Right before the commit, and whenever Odoo flushes for a
savepoint, the noted records are looked at again and the events are derived
from the difference. The notes live with the cursor until it commits or rolls
back. A savepoint that is rolled back takes the written events with it but not
the notes; they stay true, because they are about the time before the
transaction.
"""

KEY = 'odoo_webhook_external_api.changes'
SCHEDULED = 'odoo_webhook_external_api.scheduled'


class Note:
    """What is known of one touched record."""

    __slots__ = ('before', 'created', 'origins', 'extra', 'rows')

    def __init__(self, before=None, created=False):
        self.before = before    # its snapshot before the transaction
        self.created = created  # it did not exist before the transaction
        self.origins = set()    # who wrote it, by the context of the writes
        self.extra = {}         # what its event says besides its fields
        self.rows = []          # the ids of the events that were written for it

    @property
    def origin(self):
        """The one origin of all writes, or None."""
        return next(iter(self.origins)) if len(self.origins) == 1 else None


class Changes:
    """The notes of one transaction."""

    def __init__(self):
        self.notes = {}     # model -> id -> Note
        self.dirty = {}     # model -> ids to look at before the commit
        self.trigger = None  # the cron's trigger of this transaction

    def of(self, model):
        return self.notes.setdefault(model, {})

    def take(self):
        """The records to look at, once."""
        dirty, self.dirty = self.dirty, {}
        return {model: sorted(ids) for model, ids in dirty.items() if ids}


def of(cr):
    """The changes of the cursor's transaction."""
    data = cr.postcommit.data
    if KEY not in data:
        data[KEY] = Changes()
    return data[KEY]


def forget(cr):
    """Drop what was noted."""
    cr.postcommit.data.pop(KEY, None)


def schedule(cr, write_events):
    """Have the events written before the next commit or savepoint, after the
    work of all hooks that are registered by then."""
    data = cr.precommit.data
    if SCHEDULED in data:
        return
    data[SCHEDULED] = True

    def last():
        data.pop(SCHEDULED, None)  # what is touched from here on asks again
        write_events()
    cr.precommit.add(lambda: cr.precommit.add(last))
