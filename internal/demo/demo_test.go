package demo_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"odoosync/internal/demo"
)

// The demo as a user sees it, shorter: it ends by itself, and only well when
// both sides agree.
func TestDemo(t *testing.T) {
	var out bytes.Buffer
	err := demo.Run(context.Background(), demo.Options{For: 5 * time.Second, Out: &out, VarDir: t.TempDir(), Seed: 3, Listen: "127.0.0.1:0", Logger: zaptest.NewLogger(t)})
	require.NoError(t, err, out.String())
	require.Contains(t, out.String(), "imported  120 contacts")
	require.Contains(t, out.String(), "Both sides agree.")
	require.NotContains(t, out.String(), "differs")
	for _, told := range []string{"→ MySQL", "→ Odoo    row edited               create  contacts#121", "→ MySQL   read back", "⇄  ", "conflict  contacts#", "the row's wins (policy newest)", "Odoo's wins (policy odoo)"} {
		require.Contains(t, out.String(), told)
	}
	require.Regexp(t, `Rows: [1-9]\d* pushed to Odoo, 0 refused. Both sides at once: 1 merges, 2 conflicts kept and decided, 0 undecided.`, out.String())
}

func TestTheDemoStopsWhenItIsAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Error(t, demo.Run(ctx, demo.Options{Out: &bytes.Buffer{}, VarDir: t.TempDir(), Listen: "127.0.0.1:0", Logger: zaptest.NewLogger(t)}))
}
