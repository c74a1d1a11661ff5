package reconcile

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// lookupTTL bounds how long a renamed stage or product shows its old name in
// newly read records. (Rows that were read before are the sweep's business.)
const lookupTTL = time.Minute

// lookupLimit bounds the cache; it is emptied when it is full. Codes and names
// are short, so this is a few megabytes.
const lookupLimit = 50000

type lookupKey struct {
	model, field string
	id           int64
}

type lookupEntry struct {
	raw     any
	found   bool
	expires time.Time
}

// lookupCache remembers fields of other models by id. It is safe for
// concurrent use; two callers may read the same id at once, which is harmless.
type lookupCache struct {
	odoo  Reader
	clock clockwork.Clock

	mu      sync.Mutex
	entries map[lookupKey]lookupEntry
	round   int // raised by forget: what was asked for before is not kept
}

func newLookupCache(odoo Reader, clock clockwork.Clock) *lookupCache {
	return &lookupCache{odoo: odoo, clock: clock, entries: map[lookupKey]lookupEntry{}}
}

// get returns what is cached: known is false when it was never read or is old.
func (c *lookupCache) get(k lookupKey) (raw any, found, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.entries[k]
	if !ok || c.clock.Now().After(entry.expires) {
		return nil, false, false
	}
	return entry.raw, entry.found, true
}

func (c *lookupCache) put(round int, k lookupKey, raw any, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if round != c.round {
		return
	}
	if len(c.entries) >= lookupLimit {
		clear(c.entries)
	}
	c.entries[k] = lookupEntry{raw: raw, found: found, expires: c.clock.Now().Add(lookupTTL)}
}

// forget makes the next reader ask again.
func (c *lookupCache) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
	c.round++
}

func (c *lookupCache) asking() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.round
}

// ForgetNames has the names behind ids read again: some have changed.
func (e *Engine) ForgetNames() { e.lookups.forget() }

// fetch reads one field of these ids of a model. Ids that are missing or
// hidden are remembered as not found.
func (c *lookupCache) fetch(ctx context.Context, model, field string, ids []int64) error {
	round := c.asking()
	return c.odoo.ReadEach(ctx, model, ids, []string{field}, func(id int64, raw odooclient.Raw, err error) error {
		k := lookupKey{model, field, id}
		switch {
		case err == nil:
			value, ok := raw[field]
			c.put(round, k, value, ok)
		case errors.Is(err, odooclient.ErrMissing), errors.Is(err, odooclient.ErrHidden),
			record.CodeOf(err) == record.CodeRejected:
			c.put(round, k, nil, false)
		default:
			return err
		}
		return nil
	})
}
