package reconcile

// trail is the way from the first record to the parent being fetched. A record
// that is on it is not fetched again, which ends cycles; so is one that was
// tried and could not be had.
type trail map[trailKey]struct{}

type trailKey struct {
	model string
	id    int64
}

func newTrail() trail { return trail{} }

func (t trail) enter(model string, targets []Target) {
	for _, target := range targets {
		t[trailKey{model, target.OdooID}] = struct{}{}
	}
}

func (t trail) has(model string, id int64) bool {
	_, ok := t[trailKey{model, id}]
	return ok
}
