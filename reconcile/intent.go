package reconcile

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"odoosync/internal/record"
	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/reconcile/merge"
)

// step is what a write to Odoo consists of. Each is a call of its own, and the
// base moves with each.
type step string

const (
	stepCreate step = "create"
	stepUpdate step = "update"
	stepMethod step = "method"
	stepDelete step = "delete"
)

// intent is a write to Odoo as it is noted on the link before the call, so that
// whoever comes after a crash knows what may have happened.
type intent struct {
	Token   string          `json:"token"` // whose it is: a worker that lost it must not confirm it
	Step    step            `json:"step"`
	Sent    merge.Sent      `json:"sent"`
	Keys    []lineKey       `json:"keys,omitempty"` // external ids of the lines it adds
	Changes record.Changes  `json:"changes,omitempty"`
	Row     record.Fields   `json:"row,omitempty"` // of a create: the whole row, for another try
	Method  *mapping.Method `json:"method,omitempty"`

	late bool // begun by somebody who is gone: others may have edited since
}

// lineKey makes an added line's external id.
type lineKey struct {
	Child   string `json:"c"`
	LocalID string `json:"l"`
	Key     string `json:"k"`
	Place   int    `json:"p"`           // from 0, among all lines
	Behind  int64  `json:"b,omitempty"` // Odoo's id of the known line it follows, 0 for none
}

func newIntent(s step) *intent { return &intent{Token: uuid.NewString(), Step: s} }

// odooLimit is how long Odoo itself works on a call at most (limit_time_real is
// 120 s where nobody changed it), with something for the way there.
const odooLimit = 130 * time.Second

// sendWindow is how long after an intent was noted its call may begin. Between
// its end and the deadline a call that had begun comes to its own end.
const sendWindow = time.Minute

// note puts an intent on a link.
func (in *intent) note(l *store.Link, now time.Time) error {
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	l.Intent, l.Deadline = text, now.Add(sendWindow+odooLimit)
	return nil
}

// intentOf reads a link's intent, nil for none.
func intentOf(l *store.Link) (*intent, error) {
	if l == nil || l.Intent == nil {
		return nil, nil
	}
	var in intent
	if err := json.Unmarshal(l.Intent, &in); err != nil {
		return nil, record.Wrap(record.CodeInternal, err, "the open write of %s %s (link %d) cannot be read", l.Entity, l.LocalID, l.ID)
	}
	return &in, nil
}

// clearIntent takes the intent off a link: its outcome is known.
func clearIntent(l *store.Link) { l.Intent, l.Deadline = nil, time.Time{} }

// errBeingWritten is in the error of errBusy.
var errBeingWritten = errors.New("it is being written to Odoo")

// errBusy is told of a record that somebody is writing to Odoo right now.
func errBusy(entity string, id any) error {
	return record.Wrap(record.CodeUnavailable, errBeingWritten, "%s %v is being written to Odoo; it is looked at again once that is over", entity, id)
}
