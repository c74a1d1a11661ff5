package odoosim

import (
	"maps"
	"time"
)

// The stages at which OnWrite is told of a write: before it is applied, and
// after it is, before its answer leaves.
const (
	BeforeWrite = "before"
	AfterWrite  = "after"
)

// OnWrite makes f hear of every write that comes over XML-RPC. The write waits
// for f, which holds no lock: it may edit records, or wait itself. nil ends it.
func (s *Server) OnWrite(f func(stage, model, method string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onWrite = f
}

// reads are the methods that change nothing.
var reads = map[string]bool{"fields_get": true, "search": true, "search_count": true, "search_read": true, "read": true, "read_group": true,
	"formatted_read_group": true, "has_group": true, "check_object_reference": true, "check_access_rights": true, "has_access": true, "odoosync_write_date": true, "odoosync_written": true}

// call is one execute_kw, as far as the counts go.
type call struct {
	model, method string
	write         bool
}

func callOf(service, method string, args []any) call {
	if service != "object" || len(args) < 6 {
		return call{method: method}
	}
	c := call{}
	c.model, _ = args[3].(string)
	c.method, _ = args[4].(string)
	c.write = !reads[c.method]
	return c
}

// arrive counts a call and says whether its answer is to be cut.
func (s *Server) arrive(c call) (cut bool, told func(stage, model, method string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.ByMethod[c.method]++
	if !c.write {
		return false, nil
	}
	s.stats.Writes++
	s.written++
	cut = s.chance(s.faults.CutWrite) || s.faults.CutNthWrite == s.written
	if cut {
		s.stats.Injected++
	}
	return cut, s.onWrite
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stats
	out.ByMethod = maps.Clone(s.stats.ByMethod)
	return out
}

// SetFaults replaces what goes wrong; writes are counted anew for CutNthWrite.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.written = f, 0
}

// costs is what the counted records would have taken a real Odoo longer.
func (f Faults) costs(before, after Stats) time.Duration {
	return time.Duration(after.RecordsRead-before.RecordsRead)*f.PerRecord +
		time.Duration(after.RecordsListed-before.RecordsListed)*f.PerListed +
		time.Duration(after.RecordsGrouped-before.RecordsGrouped)*f.PerGrouped/100_000 +
		time.Duration(after.RecordsWritten-before.RecordsWritten)*f.PerWritten
}
