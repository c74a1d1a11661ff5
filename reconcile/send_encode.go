package reconcile

import (
	"context"

	"odoosync/internal/record"
	"odoosync/mapping"
)

// prepare turns values into what Odoo takes. A value that has no place there
// refuses its row.
func (r *pushRun) prepare(ctx context.Context, jobs []*job) ([]*job, error) {
	asks := map[mapping.Ask]bool{}
	for _, j := range jobs {
		j.asks(asks)
	}
	if err := r.resolve(ctx, asks); err != nil {
		return nil, err
	}
	var ready []*job
	for _, j := range jobs {
		if err := j.encode(r.finder.in(j.company())); err != nil {
			r.abandon(ctx, j, j.refuse(err))
			continue
		}
		ready = append(ready, j)
	}
	return ready, nil
}

func (j *job) asks(into map[mapping.Ask]bool) {
	for _, a := range j.entity.Asks(j.intent.Sent.Fields, j.row.Fields) {
		into[inCompany(a, j.company())] = true
	}
	for _, child := range j.entity.Children {
		for _, line := range j.intent.Sent.Lines[child.Name] {
			for _, a := range child.Asks(line.Fields, j.line(child.Name, line.LocalID)) {
				into[inCompany(a, j.company())] = true
			}
		}
	}
}

// company is the one the record is in, or will be; 0 for the synced one.
func (j *job) company() int64 {
	if id, ok := j.raw["company_id"].(int64); ok {
		return id
	}
	return companyOf(j.entity, j.row.Fields)
}

// line is the whole line whose change is sent.
func (j *job) line(child, localID string) record.Fields {
	for _, l := range j.row.Lines[child] {
		if l.LocalID == localID {
			return l.Fields
		}
	}
	return nil
}

func (j *job) encode(f mapping.Finder) (err error) {
	switch j.intent.Step {
	case stepCreate:
		j.cells, err = j.entity.EncodeNew(j.intent.born(j.row.Fields), f)
	case stepUpdate:
		j.cells, err = j.entity.Encode(j.intent.Sent.Fields, j.row.Fields, f)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	j.lines = nil
	for _, child := range j.entity.Children {
		for _, line := range j.intent.Sent.Lines[child.Name] {
			one := lineCells{child: child, op: line.Op, odooID: line.OdooID}
			switch line.Op {
			case record.LineAdd:
				one.key = j.intent.lineKey(child.Name, line.LocalID)
				one.cells, err = child.EncodeNew(line.Fields, f)
			case record.LineUpdate:
				one.cells, err = child.Encode(line.Fields, j.line(child.Name, line.LocalID), f)
			}
			if err != nil {
				return err
			}
			j.lines = append(j.lines, one)
		}
	}
	return nil
}

// born are the values a new record gets: those that are sent, and the rest of
// the row as their context.
func (in *intent) born(row record.Fields) record.Fields {
	out := record.Fields{}
	for name, v := range row {
		if _, sent := in.Sent.Fields[name]; sent {
			out[name] = v
		}
	}
	return out
}

func (in *intent) lineKey(child, localID string) lineKey {
	for _, k := range in.Keys {
		if k.Child == child && k.LocalID == localID {
			return k
		}
	}
	return lineKey{}
}
