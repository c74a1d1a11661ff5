package odoosim

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// Options of a simulated Odoo.
type Options struct {
	Version  int // 16 to 19; 0: 17
	Database string
	Login    string
	APIKey   string
	Clock    clockwork.Clock
	Seed     uint64
	// Naive timestamps as the guide's own sender writes them, instead of ...Z.
	Naive bool
}

// Stats count what was asked and what went wrong on purpose.
type Stats struct {
	Calls          int64
	RecordsRead    int64
	RecordsListed  int64 // by search, and by a search_read of two fields at most
	RecordsGrouped int64
	RecordsWritten int64            // by XML-RPC, lines and what followed included
	Writes         int64            // calls that may change something
	ByMethod       map[string]int64 // all calls
	Sent           int64            // webhooks that were answered with 200 or 201
	SendFailed     int64
	Dropped        int64
	Doubled        int64
	Reordered      int64
	Late           int64
	Injected       int64 // faulty answers
	// Busy is how long answers took the server, from a request's arrival until its
	// answer was ready, by its clock: its own work, waiting for another call's, and
	// what Faults adds. A benchmark may take it off.
	Busy time.Duration
}

// Faults are what goes wrong, as probabilities from 0 to 1.
type Faults struct {
	DropWebhook    float64
	DoubleWebhook  float64
	ReorderWebhook float64 // it leaves after the next one
	LateWebhook    float64 // it leaves LateBy after its commit
	LateBy         time.Duration
	Page502        float64
	CutReply       float64 // the call is done, its answer is cut
	CutWrite       float64 // so, but only of a call that writes
	CutNthWrite    int64   // so, of this write since SetFaults; 0: of none
	Latency        time.Duration
	// What a real Odoo takes, on top: a record read (0.3 ms were measured), one that
	// is only listed (0.0065 ms; see Stats), 100,000 records grouped (0.2 s), and a
	// record written (15 to 25 ms in a batch).
	PerRecord, PerListed, PerGrouped, PerWritten time.Duration
}

// Server is a simulated Odoo. It is safe for concurrent use.
type Server struct {
	o      Options
	clock  clockwork.Clock
	http   *http.Server
	url    string
	fields map[string]map[string]field

	mu     sync.Mutex
	random *rand.Rand
	models map[string]*table
	hidden map[string]map[int64]bool
	faults Faults
	down   bool
	stats  Stats
	hooks  hooks

	externals map[string]int64    // the ir.model.data record of an external id
	forbidden map[string][]string // the operations taken from the user, by model
	rules     map[string]func(id int64, v Values) bool
	onWrite   func(stage, model, method string)
	written   int64
	module    bool               // installed
	revisions map[touched]int64  // see version
	compared  map[written]string // the versions that compared writes left
}

// New makes a server with the lookups a French company has, and no records.
func New(o Options) *Server {
	if o.Version == 0 {
		o.Version = 17
	}
	if o.Database == "" {
		o.Database = "odoosim"
	}
	if o.Login == "" {
		o.Login = "sync"
	}
	if o.APIKey == "" {
		o.APIKey = "sim-key"
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	s := &Server{o: o, clock: o.Clock, random: rand.New(rand.NewPCG(o.Seed, 1)), models: map[string]*table{}, hidden: map[string]map[int64]bool{},
		externals: map[string]int64{}, forbidden: map[string][]string{}, rules: map[string]func(int64, Values) bool{}, revisions: map[touched]int64{}, compared: map[written]string{}, stats: Stats{ByMethod: map[string]int64{}}}
	s.fields = loadFields(o.Version)
	s.hooks.start(s)
	s.lookups()
	return s
}

// Start listens on a free loopback port and returns the address.
func (s *Server) Start() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s.url = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.http.Serve(l) }() // ends with Close
	return s.url, nil
}

// Close ends the listener and the sending of webhooks.
func (s *Server) Close() error {
	s.hooks.stop()
	if s.http == nil {
		return nil
	}
	err := s.http.Close()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// SetDown makes every call fail as an unreachable server does, or ends that.
func (s *Server) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Hide makes a record one that a record rule hides from the sync user.
func (s *Server) Hide(model string, id int64, hide bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden[model] == nil {
		s.hidden[model] = map[int64]bool{}
	}
	s.hidden[model][id] = hide
}

// Drain waits until every webhook was sent or given up.
func (s *Server) Drain(ctx context.Context) error { return s.hooks.drain(ctx) }

func (s *Server) chance(p float64) bool { return p > 0 && s.random.Float64() < p }
