package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"odoosync/internal/admin"
	"odoosync/internal/figures"
	"odoosync/internal/queue"
	"odoosync/internal/record"
	"odoosync/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// kept are conflicts that remember what they were asked.
type kept struct {
	list  []store.KeptConflict
	asked store.ConflictFilter
	took  map[int64]record.Choice
	err   error
}

func (k *kept) Conflicts(_ context.Context, f store.ConflictFilter) ([]store.KeptConflict, error) {
	k.asked = f
	var out []store.KeptConflict
	for _, c := range k.list {
		if (f.Before == 0 || c.ID < f.Before) && len(out) < f.Limit {
			out = append(out, c)
		}
	}
	return out, k.err
}

func (k *kept) Resolve(_ context.Context, id int64, take record.Choice, by string) error {
	if k.err != nil {
		return k.err
	}
	k.took[id] = take
	return nil
}

// standing is how both sides stand.
const standing = `{"records": [], "webhooks": {"processed": 0, "pending": 0, "oldest_pending_seconds": 0, "failed": 0, "refused": 0, "echoes": 0},
	"edits": {"pending": 0, "oldest_pending_seconds": 0, "refused": 0}, "open_conflicts": 2, "streams": [], "troubles": [], "failed_webhooks": [],
	"halted": [], "paused": {"to_api": false, "to_odoo": false}, "held_deletes": {}, "running": [], "last_runs": []}`

// server is the API on its own.
type server struct {
	t       *testing.T
	handler http.Handler
	kept    *kept
	ran     *ran
	held    *held
	logged  *logged
	clock   *clockwork.FakeClock
	pushes  int
	pushErr error

	edits      []queue.LoggedEdit
	editsAsked queue.EditFilter
	noted      *noted
	story      store.Story
	asked      admin.RecordQuery
	span       figures.Range
}

func serve(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, ran: &ran{}, held: &held{}, logged: &logged{}, noted: &noted{}, kept: &kept{took: map[int64]record.Choice{}}, clock: clockwork.NewFakeClock()}
	h, err := admin.New(admin.Options{Token: "whole", ReadToken: "read", Conflicts: s.kept, Runs: s.ran, Pauses: s.held, Webhooks: s.logged, Clock: s.clock,
		Edits: func(_ context.Context, f queue.EditFilter) ([]queue.LoggedEdit, error) {
			s.editsAsked = f
			return s.edits[:min(len(s.edits), f.Limit)], nil
		},
		Audit: s.noted,
		Records: func(_ context.Context, q admin.RecordQuery) (store.Story, error) {
			s.asked = q
			return s.story, nil
		},
		Figures: func(_ context.Context, r figures.Range) (figures.Figures, error) {
			s.span = r
			return some, nil
		},
		Push:   func() error { s.pushes++; return s.pushErr },
		Status: func(context.Context) (any, error) { return json.RawMessage(standing), nil }})
	require.NoError(t, err)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	require.NoError(t, engine.SetTrustedProxies(nil))
	h.Register(engine)
	s.handler = engine
	return s
}

// answer is a reply and what its JSON says.
type answer struct {
	status int
	header http.Header
	body   string
	said   struct{ Status, Code, Message string }
}

func (s *server) do(method, path, body string, header ...string) answer {
	s.t.Helper()
	r := httptest.NewRequest(method, "/admin/api/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer whole")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if header[i] == "from" {
			r.RemoteAddr = header[i+1]
			continue
		}
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	text, err := io.ReadAll(w.Result().Body)
	require.NoError(s.t, err)
	a := answer{status: w.Code, header: w.Header(), body: string(text)}
	require.True(s.t, json.Valid(text), a.body)
	_ = json.Unmarshal(text, &a.said) // a list says nothing of the kind
	described().Check(s.t, method, "/admin/api/"+path, r.Header, body, a.status, a.header, a.body)
	return a
}

func TestWhoMayDoWhat(t *testing.T) {
	for _, tt := range []struct {
		name, method, path, authorization string
		status                            int
		code                              string
	}{
		{"the admin reads", "GET", "status", "Bearer whole", 200, ""},
		{"the admin reads conflicts", "GET", "conflicts", "bearer  whole", 200, ""},
		{"the admin acts", "POST", "push", "Bearer whole", 202, ""},
		{"the reader reads", "GET", "status", "Bearer read", 200, ""},
		{"the reader reads conflicts", "GET", "conflicts", "Bearer read", 200, ""},
		{"the reader does not act", "POST", "push", "Bearer read", 403, "read_only"},
		{"the reader resolves nothing", "POST", "conflicts/1/resolve", "Bearer read", 403, "read_only"},
		{"nobody", "GET", "status", "", 401, "unauthorized"},
		{"a stranger", "GET", "status", "Bearer guess", 401, "unauthorized"},
		{"a part of the token", "GET", "status", "Bearer whol", 401, "unauthorized"},
		{"an empty token", "GET", "status", "Bearer ", 401, "unauthorized"},
		{"another scheme", "GET", "status", "Basic whole", 401, "unauthorized"},
		{"a stranger acts", "POST", "conflicts/1/resolve", "Bearer guess", 401, "unauthorized"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t)
			a := s.do(tt.method, tt.path, "", "Authorization", tt.authorization)
			require.Equal(t, tt.status, a.status, a.body)
			require.Equal(t, tt.code, a.said.Code)
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
			require.Equal(t, map[bool]int{true: 1}[a.status == 202], s.pushes)
		})
	}
	t.Run("without a read token none opens", func(t *testing.T) {
		h, err := admin.New(admin.Options{Token: "whole"})
		require.NoError(t, err)
		engine := gin.New()
		h.Register(engine)
		for _, header := range []string{"", "Bearer ", "Bearer"} {
			r := httptest.NewRequest("GET", "/admin/api/status", nil)
			r.Header.Set("Authorization", header)
			w := httptest.NewRecorder()
			engine.ServeHTTP(w, r)
			require.Equal(t, 401, w.Code)
		}
	})
	_, err := admin.New(admin.Options{})
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
}

func TestWrongTokensAreSlowedDown(t *testing.T) {
	s := serve(t)
	try := func(token, from string) int {
		return s.do("GET", "status", "", "Authorization", "Bearer "+token, "from", from).status
	}
	for range 5 {
		require.Equal(t, 401, try("guess", "192.0.2.1:1000"))
	}
	a := s.do("GET", "status", "", "Authorization", "Bearer guess", "from", "192.0.2.1:2000")
	require.Equal(t, []any{429, "too_many_requests", "10"}, []any{a.status, a.said.Code, a.header.Get("Retry-After")})
	require.Equal(t, 429, try("whole", "192.0.2.1:1000"), "or the answer would tell the token")
	require.Equal(t, 200, try("whole", "192.0.2.2:1000"), "others go on")
	s.clock.Advance(10 * time.Second)
	require.Equal(t, 200, try("whole", "192.0.2.1:1000"))
	require.Equal(t, 401, try("guess", "192.0.2.1:1000"))
	require.Equal(t, 429, try("guess", "192.0.2.1:1000"))

	for i := range 5 {
		require.Equal(t, 401, try("guess", fmt.Sprintf("[2001:db8::%d]:1000", i+1)))
	}
	require.Equal(t, 429, try("guess", "[2001:db8::99]:1000"), "one client has a whole network of addresses")
	for range 100 {
		require.Equal(t, 200, try("whole", "192.0.2.3:1000"), "the right token costs no try")
	}
}

func TestManyAddressesShareOneAllowance(t *testing.T) {
	s := serve(t)
	codes := map[int]int{}
	for i := range 5000 {
		codes[s.do("GET", "status", "", "Authorization", "Bearer guess", "from", fmt.Sprintf("10.0.%d.%d:1", i/250, i%250)).status]++
	}
	require.Equal(t, 4096+5, codes[401])
	require.Equal(t, 200, s.do("GET", "status", "", "from", "192.0.2.9:1").status, "an honest client is let in")
	s.clock.Advance(time.Hour)
	require.Equal(t, 401, s.do("GET", "status", "", "Authorization", "Bearer guess", "from", "192.0.2.8:1").status, "the old ones are forgotten")
}

func TestStatus(t *testing.T) {
	require.JSONEq(t, standing, serve(t).do("GET", "status", "").body)
}

func TestConflictsComeInPages(t *testing.T) {
	s := serve(t)
	for id := int64(7); id > 0; id-- {
		s.kept.list = append(s.kept.list, store.KeptConflict{ID: id, Entity: "contacts", LocalID: "3", OdooID: 12, Field: "city", Policy: "ask", Open: true,
			Kept: store.Kept{Odoo: record.Text("<Nantes>")}, CreatedAt: time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)})
	}
	var ids []int64
	path := "conflicts?limit=3"
	for path != "" {
		var page struct {
			Conflicts []map[string]any
			Next      int64
		}
		a := s.do("GET", path, "")
		require.Equal(t, 200, a.status, a.body)
		require.NoError(t, json.Unmarshal([]byte(a.body), &page))
		for _, c := range page.Conflicts {
			ids = append(ids, int64(c["id"].(float64)))
			require.Equal(t, []any{"<Nantes>", nil, "city", true}, []any{c["odoo"], c["local"], c["field"], c["open"]})
		}
		path = ""
		if page.Next > 0 {
			path = fmt.Sprintf("conflicts?limit=3&before=%d", page.Next)
		}
	}
	require.Equal(t, []int64{7, 6, 5, 4, 3, 2, 1}, ids)
	require.Equal(t, "open", s.kept.asked.State, "what waits is what is shown")
	s.do("GET", "conflicts?state=all&entity=leads", "")
	require.Equal(t, store.ConflictFilter{Entity: "leads", Limit: 51}, s.kept.asked)
	s.kept.list = nil
	require.JSONEq(t, `{"conflicts": []}`, s.do("GET", "conflicts", "").body)

	for _, bad := range []string{"state=closed", "before=x", "before=-1", "limit=0", "limit=501", "limit=1e3", "stat=open", "limit=1&limit=2", "id=1;DROP"} {
		a := s.do("GET", "conflicts?"+bad, "")
		require.Equal(t, 400, a.status, bad)
		require.Equal(t, "error", a.said.Status)
	}
}

func TestAChoiceIsReadStrictly(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		status     int
		want       record.Choice
	}{
		{"Odoo's side", `{"take": "odoo"}`, 200, record.Choice{Side: record.Odoo}},
		{"ours", ` {"take":"local"} `, 200, record.Choice{Side: record.Local}},
		{"by field", `{"take": {"city": "odoo", "order_line[odoo:12].name": "local"}}`, 200,
			record.Choice{Fields: map[string]record.Side{"city": record.Odoo, "order_line[odoo:12].name": record.Local}}},
		{"nothing", ``, 400, record.Choice{}},
		{"no JSON", `take=odoo`, 400, record.Choice{}},
		{"trailing junk", `{"take": "odoo"} {}`, 400, record.Choice{}},
		{"half a document", `{"take": "odoo"`, 400, record.Choice{}},
		{"no take", `{}`, 422, record.Choice{}},
		{"a key too many", `{"take": "odoo", "force": true}`, 422, record.Choice{}},
		{"take twice", `{"take": "odoo", "take": "local"}`, 422, record.Choice{}},
		{"a field twice", `{"take": {"city": "odoo", "city": "local"}}`, 422, record.Choice{}},
		{"no side", `{"take": "mine"}`, 422, record.Choice{}},
		{"null", `{"take": null}`, 422, record.Choice{}},
		{"a list", `{"take": ["odoo"]}`, 422, record.Choice{}},
		{"no field", `{"take": {}}`, 422, record.Choice{}},
		{"a field of no side", `{"take": {"city": 1}}`, 422, record.Choice{}},
		{"a field without a name", `{"take": {"": "odoo"}}`, 422, record.Choice{}},
		{"a list in place of the object", `["odoo"]`, 422, record.Choice{}},
		{"too large", `{"take": "` + strings.Repeat("o", 64<<10) + `"}`, 413, record.Choice{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t)
			a := s.do("POST", "conflicts/7/resolve", tt.body)
			require.Equal(t, tt.status, a.status, a.body)
			if tt.status == 200 {
				require.Equal(t, map[int64]record.Choice{7: tt.want}, s.kept.took)
				require.Equal(t, "success", a.said.Status)
				return
			}
			require.Empty(t, s.kept.took)
			require.Equal(t, "error", a.said.Status)
			require.NotEmpty(t, a.said.Code)
		})
	}
	s := serve(t)
	require.Equal(t, 415, s.do("POST", "conflicts/7/resolve", `{"take": "odoo"}`, "Content-Type", "text/plain").status)
	require.Equal(t, 404, s.do("POST", "conflicts/first/resolve", `{"take": "odoo"}`).status)
	require.Equal(t, 404, s.do("POST", "conflicts/-1/resolve", `{"take": "odoo"}`).status)
}

func TestErrorsSayWhatToDoAndNoMore(t *testing.T) {
	secret := errors.New("Error 1064: SELECT token FROM t")
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   string
		says   string
	}{
		{"no such conflict", record.Wrap(record.CodeRejected, store.ErrNoConflict, "there is no conflict 7"), 404, "not_found", "there is no conflict 7"},
		{"it is over", record.Wrap(record.CodeRejected, store.ErrDecided, "conflict 7 was resolved already"), 409, "resolved_already", "was resolved already"},
		{"a choice that cannot be", record.Errorf(record.CodeRejected, "Odoo computes it"), 422, "refused", "Odoo computes it"},
		{"a write is on its way", record.Errorf(record.CodeUnavailable, "contacts 3 is being written"), 503, "unavailable", "contacts 3 is being written"},
		{"MySQL is away", record.Wrap(record.CodeUnavailable, secret, "the MySQL server cannot be reached"), 503, "unavailable", "cannot be reached"},
		{"anything else", secret, 500, "internal", "an internal error happened; the log has the details"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t)
			s.kept.err = tt.err
			a := s.do("POST", "conflicts/7/resolve", `{"take": "odoo"}`)
			require.Equal(t, []any{tt.status, tt.code}, []any{a.status, a.said.Code})
			require.Contains(t, a.said.Message, tt.says)
			require.NotContains(t, a.body, "SELECT")
			require.Equal(t, tt.status == 503, a.header.Get("Retry-After") != "")
			require.NotContains(t, s.do("GET", "conflicts", "").body, "SELECT")
		})
	}
}

func TestPush(t *testing.T) {
	s := serve(t)
	require.Equal(t, 202, s.do("POST", "push", "", "Content-Type", "").status)
	require.Equal(t, 202, s.do("POST", "push", "{}").status)
	require.Equal(t, 422, s.do("POST", "push", `{"entity": "contacts"}`).status)
	require.Equal(t, 2, s.pushes)
	s.pushErr = record.Errorf(record.CodeUnavailable, "Odoo cannot be used yet")
	require.Equal(t, 503, s.do("POST", "push", "").status)
}
