package admin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/internal/store"
)

// held are pauses that remember.
type held struct{ did []string }

func (h *held) Pause(_ context.Context, toAPI, toOdoo bool) (store.Paused, error) {
	h.did = append(h.did, fmt.Sprint("pause ", toAPI, toOdoo))
	return store.Paused{ToAPI: toAPI, ToOdoo: toOdoo, By: "admin API", Since: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)}, nil
}

func (h *held) Resume(_ context.Context, toAPI, toOdoo bool) (store.Paused, error) {
	h.did = append(h.did, fmt.Sprint("resume ", toAPI, toOdoo))
	return store.Paused{}, nil
}

func TestPauseAndResume(t *testing.T) {
	s := serve(t)
	require.JSONEq(t, `{"status": "success", "message": "both directions are paused since 2026-11-02 10:00:00 UTC by admin API; POST /admin/api/resume ends that",
		"paused": {"to_api": true, "to_odoo": true, "by": "admin API", "since": "2026-11-02T10:00:00Z"}}`, s.do("POST", "pause", "").body)
	require.Contains(t, s.do("POST", "pause", `{"direction": "to_api"}`).said.Message, "Odoo → MySQL is paused")
	require.Contains(t, s.do("POST", "pause", `{"direction": "to_odoo"}`).said.Message, "MySQL → Odoo is paused")
	require.Contains(t, s.do("POST", "resume", `{"direction": "both"}`).said.Message, "nothing is paused")
	require.Equal(t, []string{"pause true true", "pause true false", "pause false true", "resume true true"}, s.held.did)
	for _, bad := range []string{`{"direction": "odoo"}`, `{"direction": null}`, `{"directions": "both"}`, `"both"`} {
		require.Equal(t, 422, s.do("POST", "pause", bad).status, bad)
	}
	require.Equal(t, 403, s.do("POST", "pause", "", "Authorization", "Bearer read").status)
	require.Len(t, s.held.did, 4)
}
