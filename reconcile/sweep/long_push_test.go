package sweep_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// A push that takes long looks again which database answers.
func TestALongPushLooksAgainWhichDatabaseAnswers(t *testing.T) {
	b := newBench(t, 17)
	b.partners(10)
	b.imported()
	var inserts []string
	for i := range 250 {
		inserts = append(inserts, fmt.Sprintf("INSERT INTO contacts (name, email) VALUES ('API %03d', 'api%03d@example.fr')", i, i))
	}
	b.api(inserts...)
	before := len(b.sim.IDs("res.partner"))
	var once sync.Once
	made := 0
	b.sim.OnWrite(func(stage, model, _ string) {
		if stage == odoosim.AfterWrite && model == "res.partner" { // the first batch of them is made
			once.Do(func() {
				made = len(b.sim.IDs("res.partner")) - before
				b.clock.Advance(40 * time.Second)
				b.sim.SetDatabaseUUID("second")
			})
		}
	})
	_ = b.pusher.Push(b.ctx, time.Minute)
	require.NotZero(t, made)
	require.Equal(t, made, len(b.sim.IDs("res.partner"))-before, "none is made in another database")
}
