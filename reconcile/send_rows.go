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

// createRows makes records by their external ids. Lines that fill other columns
// than the first ones go in calls of their own: an absent column means Odoo's
// default, an empty cell means empty.
func createRows(entity *mapping.Entity, jobs []*job) []loadCall {
	var calls []loadCall
	shapes := lineShapes(jobs)
	if len(shapes) == 0 {
		shapes = []string{""}
	}
	for n, shape := range shapes {
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
			lines := 0
			for _, l := range j.lines {
				if l.shape() != shape {
					continue
				}
				columns, cells := l.load(entity, j)
				call.columns = append(call.columns[:width:width], columns...)
				if lines > 0 {
					own = make([]string, width)
				}
				call.add(j, append(slices.Clone(own), cells...))
				lines++
			}
			if lines == 0 && n == 0 {
				call.add(j, own)
			}
		}
		call.pad()
		calls = append(calls, call)
	}
	return calls
}

func (c *loadCall) add(j *job, row []string) {
	c.rows, c.owners = append(c.rows, row), append(c.owners, j)
}

// pad makes every row as long as the header: records without lines end early.
func (c *loadCall) pad() {
	for i, row := range c.rows {
		for len(row) < len(c.columns) {
			row = append(row, "")
		}
		c.rows[i] = row
	}
}

func (l lineCells) shape() string {
	return l.child.Name + ":" + strings.Join(columnsOfCells(l.cells), ",")
}

func lineShapes(jobs []*job) []string {
	var out []string
	for _, j := range jobs {
		for _, l := range j.lines {
			if l.op == record.LineAdd && !slices.Contains(out, l.shape()) {
				out = append(out, l.shape())
			}
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

// addedLines are loads that add lines to a known record, by columns.
func addedLines(j *job) (columns [][]string, rows [][][]string) {
	id := strconv.FormatInt(j.link.OdooID, 10)
	for _, shape := range lineShapes([]*job{j}) {
		var head []string
		var table [][]string
		for _, l := range j.lines {
			if l.op != record.LineAdd || l.shape() != shape {
				continue
			}
			names, cells := l.load(j.entity, j)
			head = append([]string{".id"}, names...)
			first := id
			if len(table) > 0 {
				first = ""
			}
			table = append(table, append([]string{first}, cells...))
		}
		columns, rows = append(columns, head), append(rows, table)
	}
	return columns, rows
}
