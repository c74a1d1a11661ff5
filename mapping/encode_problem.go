package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"odoosync/internal/record"
)

// problem is one thing wrong with a row. cause is an error of the Finder that a
// caller wants to tell: a parent that has no record yet, an Odoo that is away.
type problem struct {
	text  string
	cause error
}

// notFound is a Finder's error on its way.
type notFound struct {
	ask Ask
	err error
}

func (n *notFound) Error() string {
	var e *record.Error
	if errors.As(n.err, &e) {
		return e.Message
	}
	return n.err.Error()
}

func (n *notFound) Unwrap() error { return n.err }

func isNotFound(err error) bool {
	var n *notFound
	return errors.As(err, &n)
}

// find asks the Finder.
func (x *encoder) find(a Ask) (int64, error) {
	id, err := x.finder.Find(a)
	if err == nil && id <= 0 {
		err = record.Errorf(record.CodeInternal, "Odoo gave the id %d, which no record has", id)
	}
	if err != nil {
		return 0, &notFound{ask: a, err: err}
	}
	return id, nil
}

// fail keeps what is wrong with a value. The Finder's word on a reference, or
// that something must be waited for, says nothing of the data.
func (x *encoder) fail(f *Field, v record.Value, err error) {
	p := problem{text: fmt.Sprintf("%s, field %s, value %s: %s", x.place, f.Name, shown(v), err)}
	var n *notFound
	if errors.As(err, &n) && (n.ask.Kind == WantReference || record.CodeOf(n.err).Waits()) {
		p.cause = n.err
	}
	x.problems = append(x.problems, p)
}

// contradict keeps that two fields on one of Odoo's lead to different records.
func (x *encoder) contradict(a *Field, av record.Value, ac Cell, b *Field, bv record.Value, bc Cell) {
	x.problems = append(x.problems, problem{text: fmt.Sprintf("%s, fields %s (%s) and %s (%s) give Odoo's field %s the values %s and %s: change one of them, or set it to NULL",
		x.place, a.Name, shown(av), b.Name, shown(bv), a.Source, ac.Text, bc.Text)})
}

func shown(v record.Value) string {
	if v.IsNull() {
		return "NULL"
	}
	return fmt.Sprintf("%.60q", v.Text())
}

// done returns the cells, or one error for all that is wrong. What the caller
// must tell stays itself, alone or within the error.
func (x *encoder) done(cells []Cell) ([]Cell, error) {
	if len(x.problems) == 0 {
		sortCells(cells)
		return cells, nil
	}
	var texts []string
	var causes []error
	for _, p := range x.problems {
		texts = append(texts, p.text)
		if p.cause != nil {
			causes = append(causes, p.cause)
		}
	}
	switch {
	case len(causes) == 1 && len(texts) == 1:
		return nil, causes[0]
	case len(causes) == len(texts):
		return nil, errors.Join(causes...)
	}
	return nil, record.Wrap(record.CodeRejected, errors.Join(causes...), "%s", strings.Join(texts, "; "))
}

func sortCells(cells []Cell) {
	slices.SortFunc(cells, func(a, b Cell) int { return strings.Compare(a.Field, b.Field) })
}
