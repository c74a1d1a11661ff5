package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/odoosim"
)

// said is what a process has written so far.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A second command joins the first one's resync, and goes on with it when the
// first one is killed; its exit code is the result's.
func TestASecondCommandJoinsAndTakesOver(t *testing.T) {
	sim, db, environ := twoSides(t)
	for range 60 { // more than a page
		sim.Create("res.partner", odoosim.Values{"name": "Theirs"})
	}
	_, err := db.Exec("INSERT INTO contacts (name) VALUES ('Ours')")
	require.NoError(t, err)
	reached, hold := make(chan struct{}), make(chan struct{})
	var once sync.Once
	sim.OnWrite(func(stage, _, _ string) {
		if stage == odoosim.BeforeWrite {
			once.Do(func() { close(reached) })
			<-hold
		}
	})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	begin := func(out io.Writer) *exec.Cmd {
		cmd := exec.Command(os.Args[0], "resync")
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = t.TempDir(), append(append(os.Environ(), "ODOOSYNC_TEST_MAIN=1"), environ...), out, os.Stderr
		require.NoError(t, cmd.Start())
		return cmd
	}
	first := begin(io.Discard)
	<-reached
	var out said
	second := begin(&out)
	ended := make(chan error, 1)
	go func() { ended <- second.Wait() }()
	require.Eventually(t, func() bool { return strings.Contains(out.String(), "joined run 1") }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, first.Process.Kill())
	_ = first.Wait() // it was killed
	release()
	for _, s := range []string{"UPDATE sync_leases SET until = '2000-01-01'",
		"UPDATE sync_outbox SET lease_until = '2000-01-01' WHERE lease_until IS NOT NULL", "UPDATE sync_links SET intent_deadline = '2000-01-01' WHERE intent_deadline IS NOT NULL"} {
		_, err := db.Exec(s)
		require.NoError(t, err)
	}
	require.NoError(t, <-ended, out.String())
	require.Equal(t, "1", text(t, db, "SELECT COUNT(*) FROM sync_runs"))
	require.Equal(t, "done", text(t, db, "SELECT state FROM sync_runs"))
	require.Contains(t, out.String(), "It went on with run 1, which had been cut off.")
	require.Contains(t, out.String(), "60 created here, 1 created in Odoo")
	require.Len(t, sim.IDs("res.partner"), 61)
}
