package reconcile

import (
	"context"
	"errors"
	"sync"
	"time"

	"odoosync/internal/store"
	"odoosync/mapping"
	"odoosync/odooclient"
)

// A restored Odoo gives ids again that links already have. Before a row is
// given to a record, or a record to a row, by an id alone, the id's record must
// be the one the link means: Odoo's create_date tells.

// identityTTL is how long a record that was looked at counts as the one its
// link means. A restore within it is found when the record itself is read; the
// documents that were given to the wrong one follow then (letGo).
const identityTTL = time.Minute

type identity struct {
	entity string
	id     int64
}

// identities remembers of which records that was seen lately. It is safe for
// concurrent use.
type identities struct {
	mu   sync.Mutex
	seen map[identity]time.Time
}

func newIdentities() *identities { return &identities{seen: map[identity]time.Time{}} }

func (c *identities) saw(entity string, id int64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= lookupLimit {
		clear(c.seen)
	}
	c.seen[identity{entity, id}] = now
}

// unseen are the ids of records that were not seen lately.
func (c *identities) unseen(entity string, ids []int64, now time.Time) []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []int64
	for _, id := range ids {
		if at, ok := c.seen[identity{entity, id}]; !ok || now.Sub(at).Abs() >= identityTTL {
			out = append(out, id)
		}
	}
	return out
}

// strangers are the records among these that are not those their links mean.
func (e *Engine) strangers(ctx context.Context, entity *mapping.Entity, ids []int64) ([]int64, error) {
	now := e.clock.Now()
	ids = e.identities.unseen(entity.Name, ids, now)
	if len(ids) == 0 || e.odoo == nil || e.dry != nil {
		return nil, nil
	}
	known, err := store.Versions(ctx, e.db, entity.Name, ids)
	if err != nil {
		return nil, err
	}
	var out []int64
	err = e.odoo.ReadEach(ctx, entity.Model, ids, []string{"create_date"}, func(id int64, raw odooclient.Raw, err error) error {
		switch created := odooTime(raw, "create_date"); {
		case err != nil: // gone or hidden: whoever syncs the record finds out
		case another(known[id], created):
			out = append(out, id)
		default:
			e.identities.saw(entity.Name, id, now)
		}
		return nil
	})
	return out, err
}

// another reports that a record created then is not the one that a link knows.
func another(known store.Seen, created time.Time) bool {
	return !known.Created.IsZero() && !created.IsZero() && !created.Equal(known.Created)
}

// errHalted ends a batch in which another model's record showed that work must
// stop.
var errHalted = errors.New("the model was halted")

// recognize finds those of a model's records that are not the ones their links
// mean, and syncs them: that halts the models or, where a person has accepted
// what Odoo shows, gives the ids to the records that have them now. still are
// the ids that are not to be used even then.
func (e *Engine) recognize(ctx context.Context, entity *mapping.Entity, ids []int64, cause store.Cause, t trail) (found, still []int64, err error) {
	found, err = e.strangers(ctx, entity, ids)
	if err != nil || len(found) == 0 {
		return nil, nil, err
	}
	var targets []Target
	for _, id := range found {
		if !t.has(entity.Model, id) {
			targets = append(targets, Target{OdooID: id, Cause: cause})
		}
	}
	if _, err := e.sync(ctx, entity.Model, targets, t); err != nil {
		return nil, nil, err
	}
	still, err = e.strangers(ctx, entity, found)
	return found, still, err
}
