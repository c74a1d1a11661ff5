package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"

	"odoosync/reconcile"
)

func TestProgressInLines(t *testing.T) {
	var out bytes.Buffer
	clock := clockwork.NewFakeClock()
	show := progressLines(&out, "resync", clock)
	for _, step := range []struct {
		after time.Duration
		p     reconcile.Progress
	}{
		{0, reconcile.Progress{Entity: "contacts", Total: 1000}},
		{4 * time.Second, reconcile.Progress{Entity: "contacts", Total: 1000, Done: 100}},
		{time.Second, reconcile.Progress{Entity: "contacts", Total: 1000, Done: 200, Failed: 1}},
		{5 * time.Second, reconcile.Progress{Entity: "contacts", Total: 1000, Done: 1000, Failed: 1, Ended: true}},
		{0, reconcile.Progress{Entity: "leads", Total: 3, Done: 3, Ended: true}},
		{0, reconcile.Progress{Entity: "run 7", Total: 1000, Done: 500}},
		{10 * time.Second, reconcile.Progress{Entity: "run 7", Total: 1000, Done: 520}},
	} {
		clock.Advance(step.after)
		show(step.p)
	}
	require.Equal(t, "resyncing contacts: 0 of 1000, 0 refused\n"+
		"resyncing contacts: 200 of 1000, 40 a second, 20s left, 1 refused\n"+
		"resynced contacts: 1000 of 1000, 100 a second, 1 refused\n"+
		"resynced leads: 3 of 3, 0 refused\n"+
		"resyncing run 7: 520 of 1000, 2.0 a second, 4m0s left, 0 refused\n", out.String())
}

// The total may grow under a bar, and what was done reach it before the end.
func TestProgressInBars(t *testing.T) {
	var out bytes.Buffer
	show := progressBars(&out, "resync")
	show(reconcile.Progress{Entity: "contacts"})
	show(reconcile.Progress{Entity: "contacts", Total: 10, Done: 10})
	show(reconcile.Progress{Entity: "contacts", Total: 25, Done: 25})
	show(reconcile.Progress{Entity: "contacts", Total: 30, Done: 30, Ended: true})
	show(reconcile.Progress{Entity: "leads", Total: 0, Ended: true})
	show(reconcile.Progress{Entity: "run 7", Total: 5, Done: 2})
	show(reconcile.Progress{Entity: "run 8", Total: 5, Done: 2})
	lines := strings.Split(out.String(), "\n")
	require.Len(t, lines, 4)
	require.Contains(t, lines[0], "resyncing contacts 100%")
	require.Contains(t, lines[0], "(30/30")
	require.Equal(t, "resynced leads: none there", lines[1])
	require.Contains(t, lines[2], "run 7")
	require.Contains(t, lines[3], "run 8")
}

func TestATerminalIsToldFromAFile(t *testing.T) {
	var out bytes.Buffer
	showProgress(&out, "import")(reconcile.Progress{Entity: "contacts", Total: 2})
	require.Equal(t, "importing contacts: 0 of 2, 0 refused\n", out.String())
}
