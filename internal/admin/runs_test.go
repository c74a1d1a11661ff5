package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/admin"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

// ran are runs that remember what they were asked.
type ran struct {
	list   []store.RunInfo
	asked  []admin.ResyncRequest
	filter store.RunFilter
	did    []string
	err    error
	begun  *admin.Begun
}

func (r *ran) Resync(_ context.Context, q admin.ResyncRequest) (admin.Begun, error) {
	r.asked = append(r.asked, q)
	return admin.Begun{RunID: 7}, r.err
}

func (r *ran) Runs(_ context.Context, f store.RunFilter) (out []store.RunInfo, err error) {
	r.filter = f
	for _, one := range r.list {
		if (f.Before == 0 || one.ID < f.Before) && len(out) < f.Limit {
			out = append(out, one)
		}
	}
	return out, r.err
}

func (r *ran) Run(_ context.Context, id int64) (*store.RunInfo, error) {
	for _, one := range r.list {
		if one.ID == id {
			return &one, r.err
		}
	}
	return nil, r.err
}

func (r *ran) Cancel(_ context.Context, id int64) error {
	r.did = append(r.did, fmt.Sprint("cancel ", id))
	return r.err
}

func (r *ran) AllowDeletes(_ context.Context, id int64) (*admin.Begun, error) {
	r.did = append(r.did, fmt.Sprint("allow ", id))
	return r.begun, r.err
}

func TestAResyncIsReadStrictly(t *testing.T) {
	for _, tt := range []struct {
		name, path, body string
		status           int
		want             admin.ResyncRequest
		says             string
	}{
		{"all", "resync", ``, 202, admin.ResyncRequest{Mode: "full"}, ""},
		{"all, in words", "resync", `{"mode": "incremental", "dry_run": false, "allow_deletes": true}`, 202, admin.ResyncRequest{Mode: "incremental", AllowDeletes: true}, ""},
		{"records", "resync", `{"entity": "contacts", "ids": [13, 12, 13]}`, 202, admin.ResyncRequest{Entity: "contacts", IDs: []int64{12, 13}, Mode: "full"}, ""},
		{"a dry run", "resync", `{"dry_run": true}`, 202, admin.ResyncRequest{Mode: "full", DryRun: true}, ""},
		{"a record by its model", "resync/res.partner/12", ``, 202, admin.ResyncRequest{Model: "res.partner", IDs: []int64{12}, Mode: "full"}, ""},
		{"its dry run", "resync/res.partner/12", `{"dry_run": true}`, 202, admin.ResyncRequest{Model: "res.partner", IDs: []int64{12}, Mode: "full", DryRun: true}, ""},
		{"an id that is none", "resync/res.partner/x", ``, 404, admin.ResyncRequest{}, "whole number above 0"},
		{"ids of nothing", "resync", `{"ids": [12]}`, 422, admin.ResyncRequest{}, "ids need an entity"},
		{"an unknown key", "resync", `{"entitty": "contacts"}`, 422, admin.ResyncRequest{}, "did you mean entity?"},
		{"a key twice", "resync", `{"mode": "full", "mode": "full"}`, 422, admin.ResyncRequest{}, "no key stands twice"},
		{"an unknown mode", "resync", `{"mode": "quick"}`, 422, admin.ResyncRequest{}, `mode takes "full" or "incremental"`},
		{"one id in place of a list", "resync", `{"entity": "contacts", "ids": 12}`, 422, admin.ResyncRequest{}, "ids takes a list"},
		{"no ids", "resync", `{"entity": "contacts", "ids": []}`, 422, admin.ResyncRequest{}, "ids takes a list"},
		{"too many ids", "resync", `{"entity": "contacts", "ids": [1` + strings.Repeat(",2", 100) + `]}`, 422, admin.ResyncRequest{}, "ids takes a list"},
		{"ids in words", "resync", `{"entity": "contacts", "ids": ["12"]}`, 422, admin.ResyncRequest{}, "ids takes a list"},
		{"an id of nothing", "resync", `{"entity": "contacts", "ids": [null, 1]}`, 422, admin.ResyncRequest{}, "ids takes a list"},
		{"a half id", "resync", `{"entity": "contacts", "ids": [1.5]}`, 422, admin.ResyncRequest{}, "ids takes a list"},
		{"null", "resync", `{"entity": null}`, 422, admin.ResyncRequest{}, "entity takes"},
		{"a word for yes", "resync", `{"dry_run": "yes"}`, 422, admin.ResyncRequest{}, "dry_run takes true or false"},
		{"a dry run of less", "resync", `{"dry_run": true, "mode": "incremental"}`, 422, admin.ResyncRequest{}, "leave mode out"},
		{"a list", "resync", `[]`, 422, admin.ResyncRequest{}, "must be a JSON object"},
		{"no JSON", "resync", `all`, 400, admin.ResyncRequest{}, "not one JSON document"},
		{"an entity of a model", "resync/res.partner/12", `{"entity": "contacts"}`, 422, admin.ResyncRequest{}, "is not known here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t)
			a := s.do("POST", tt.path, tt.body)
			require.Equal(t, tt.status, a.status, a.body)
			if tt.status == 202 {
				require.JSONEq(t, `{"run_id": 7, "joined": false}`, a.body)
				require.Equal(t, []admin.ResyncRequest{tt.want}, s.ran.asked)
				return
			}
			require.Empty(t, s.ran.asked)
			require.Contains(t, a.said.Message, tt.says)
		})
	}
}

func TestRunsComeInPages(t *testing.T) {
	s := serve(t)
	for id := int64(5); id > 0; id-- {
		s.ran.list = append(s.ran.list, store.RunInfo{ID: id, Kind: "sweep", State: store.RunDone, Counts: map[string]int64{"contacts.stale": id}})
	}
	var ids []int64
	for path := "runs?limit=2&kind=sweep"; path != ""; {
		var page struct {
			Runs []store.RunInfo
			Next int64
		}
		a := s.do("GET", path, "")
		require.Equal(t, 200, a.status, a.body)
		require.NoError(t, json.Unmarshal([]byte(a.body), &page))
		for _, r := range page.Runs {
			ids = append(ids, r.ID)
		}
		path = ""
		if page.Next > 0 {
			path = fmt.Sprintf("runs?limit=2&kind=sweep&before=%d", page.Next)
		}
	}
	require.Equal(t, []int64{5, 4, 3, 2, 1}, ids)
	s.do("GET", "runs?state=failed", "")
	require.Equal(t, store.RunFilter{State: store.RunFailed, Limit: 51}, s.ran.filter)
	a := s.do("GET", "runs/3", "")
	require.Contains(t, a.body, `"counts":{"contacts.stale":3}`)
	a = s.do("GET", "runs/9", "")
	require.Equal(t, []any{404, "not_found"}, []any{a.status, a.said.Code})
	for _, bad := range []string{"runs?state=dead", "runs?state=", "runs?limit=0", "runs?kin=sweep", "runs/1?x=1"} {
		require.Equal(t, 400, s.do("GET", bad, "").status, bad)
	}
	s.ran.list = nil
	require.JSONEq(t, `{"runs": []}`, s.do("GET", "runs", "").body)
}

func TestARunIsToldWhatToDo(t *testing.T) {
	s := serve(t)
	require.Equal(t, 202, s.do("POST", "runs/3/cancel", "").status)
	a := s.do("POST", "runs/3/allow-deletes", "{}")
	require.Equal(t, 202, a.status)
	require.NotContains(t, a.body, "run_id")
	s.ran.begun = &admin.Begun{RunID: 8}
	require.Contains(t, s.do("POST", "runs/3/allow-deletes", "").body, `"run_id":8,"joined":false`)
	require.Equal(t, []string{"cancel 3", "allow 3", "allow 3"}, s.ran.did)
	require.Equal(t, 422, s.do("POST", "runs/3/cancel", `{"force": true}`).status)
	require.Equal(t, 404, s.do("POST", "runs/x/cancel", "").status)
	require.Equal(t, 403, s.do("POST", "runs/3/cancel", "", "Authorization", "Bearer read").status)
	require.Equal(t, 403, s.do("POST", "resync", "", "Authorization", "Bearer read").status)
	for err, want := range map[error]string{store.NoRun(3): "404 not_found", record.Wrap(record.CodeRejected, store.ErrRunEnded, "it is over"): "409 ended_already",
		record.Wrap(record.CodeRejected, admin.ErrBusy, "run 1 is running"): "409 busy", record.Wrap(record.CodeRejected, admin.ErrPaused, "paused"): "409 paused"} {
		s.ran.err = err
		a := s.do("POST", "runs/3/cancel", "")
		require.Equal(t, want, fmt.Sprint(a.status, " ", a.said.Code))
	}
}
