package reconcile

import (
	"slices"
	"strconv"
	"strings"

	"odoosync/internal/record"
	"odoosync/mapping"
)

// loadCall is one call of load, and whose each row is.
type loadCall struct {
	columns []string
	rows    [][]string
	owners  []*job
}

// updateRows writes known records by their database id.
func updateRows(_ *mapping.Entity, jobs []*job) []loadCall {
	call := loadCall{columns: append([]string{".id"}, columnsOfCells(jobs[0].cells)...), owners: jobs}
	for _, j := range jobs {
		call.rows = append(call.rows, append([]string{strconv.FormatInt(j.link.OdooID, 10)}, texts(j.cells)...))
	}
	return []loadCall{call}
}

func texts(cells []mapping.Cell) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = c.Text
	}
	return out
}

// createRows makes records by their external ids. Lines go in calls of their
// own where the columns they fill change: an absent column means Odoo's default,
// an empty cell means empty. The jobs have the same runs of lines.
func createRows(entity *mapping.Entity, jobs []*job) []loadCall {
	var calls []loadCall
	for n := range max(1, len(jobs[0].runs())) {
		call := loadCall{columns: []string{"id"}}
		if n == 0 {
			call.columns = append(call.columns, columnsOfCells(jobs[0].cells)...)
		}
		width := len(call.columns)
		for _, j := range jobs {
			own := []string{externalModule + "." + externalName(entity, j.link.UUID, "")}
			if n == 0 {
				own = append(own, texts(j.cells)...)
			}
			runs := j.runs()
			if len(runs) == 0 {
				call.add(j, own)
				continue
			}
			for i, l := range runs[n] {
				columns, cells := l.load(entity, j)
				call.columns = append(call.columns[:width:width], columns...)
				if i > 0 {
					own = make([]string, width)
				}
				call.add(j, append(slices.Clone(own), cells...))
			}
		}
		calls = append(calls, call)
	}
	return calls
}

func (c *loadCall) add(j *job, row []string) {
	c.rows, c.owners = append(c.rows, row), append(c.owners, j)
}

func (l lineCells) shape() string {
	return l.child.Name + ":" + strings.Join(columnsOfCells(l.cells), ",")
}

// runs are the job's new lines in their order, cut wherever the columns they
// fill change. Sent one after the other, the ids they get grow in that order:
// that is how findLines knows which is which, and how Odoo lists an invoice's.
func (j *job) runs() [][]lineCells {
	var out [][]lineCells
	for _, l := range j.lines {
		switch last := len(out) - 1; {
		case l.op != record.LineAdd:
		case last >= 0 && out[last][0].shape() == l.shape():
			out[last] = append(out[last], l)
		default:
			out = append(out, []lineCells{l})
		}
	}
	return out
}

// load is a new line's part of a row: its external id, its place, its values.
func (l lineCells) load(entity *mapping.Entity, j *job) (columns, cells []string) {
	prefix := l.child.Name + "/"
	columns = []string{prefix + "id"}
	cells = []string{externalModule + "." + externalName(entity, j.link.UUID, l.key.Key)}
	if l.child.SequenceField != "" {
		columns, cells = append(columns, prefix+l.child.SequenceField), append(cells, strconv.Itoa(l.sequence(j)))
	}
	for _, c := range l.cells {
		columns, cells = append(columns, prefix+c.Column), append(cells, c.Text)
	}
	return columns, cells
}

// sequenceStep leaves room between lines for those that come later.
const sequenceStep = 10

// sequence is a new line's place in Odoo's order. Lines of a new record are
// numbered with room between them. One that is added gets the number of the line
// it follows, and so comes behind it and its equals (Odoo orders those by id;
// most lines made there have the same number); what leads all, one less.
func (l lineCells) sequence(j *job) int {
	if j.intent.Sent.New {
		return (l.key.Place + 1) * sequenceStep
	}
	if n, known := j.sequences[l.key.Behind]; known {
		return n
	}
	first := sequenceStep + 1
	for _, n := range j.sequences {
		first = min(first, n)
	}
	return first - 1
}

// addedLines is the load that adds lines to a known record. Lines that would not
// fit its columns, were there any, are not confirmed and have a step of their own.
func addedLines(j *job) (columns []string, rows [][]string) {
	runs := j.runs()
	if len(runs) == 0 {
		return nil, nil
	}
	first := strconv.FormatInt(j.link.OdooID, 10)
	for _, l := range runs[0] {
		names, cells := l.load(j.entity, j)
		columns = append([]string{".id"}, names...)
		rows = append(rows, append([]string{first}, cells...))
		first = ""
	}
	return columns, rows
}
