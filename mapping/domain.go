package mapping

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"odoosync/internal/record"
	"odoosync/odooclient"
)

// Domain is a condition in Odoo's own list form: terms [field, operator,
// value], all of which must hold, with the prefix operators "&", "|" and "!".
// The zero Domain always holds.
type Domain struct{ terms []term }

// term is a prefix operator (op) or one comparison. A dotted field
// ("stage_id.is_won") has its second part in hop, read on model.
type term struct {
	op              string
	field, hop, cmp string
	value           any
	model           string
}

var comparisons = []string{"=", "!=", "in", "not in", ">", "<", ">=", "<="}

// tri is a truth value that may be unknown, because a field was not read.
type tri int8

const (
	no tri = iota
	yes
	unknown
)

func truth(b bool) tri {
	if b {
		return yes
	}
	return no
}

// lookupFunc resolves a field of another record.
type lookupFunc func(model, field string, id int64) (record.Value, bool)

// Args returns the domain as an argument for Odoo's search.
func (d Domain) Args() []any {
	out := make([]any, 0, len(d.terms))
	for _, t := range d.terms {
		if t.op != "" {
			out = append(out, t.op)
			continue
		}
		field := t.field
		if t.hop != "" {
			field += "." + t.hop
		}
		out = append(out, []any{field, t.cmp, t.value})
	}
	return out
}

// anyOf holds where one of the domains does.
func anyOf(domains []Domain) Domain {
	var out Domain
	for i, d := range domains {
		if len(d.terms) == 0 {
			return Domain{} // it always holds, and so do all together
		}
		if i > 0 {
			out.terms = append([]term{{op: "|"}}, out.terms...)
		}
		for range d.expressions() - 1 {
			out.terms = append(out.terms, term{op: "&"})
		}
		out.terms = append(out.terms, d.terms...)
	}
	return out
}

// expressions counts the complete expressions that stand side by side.
func (d Domain) expressions() int {
	n := len(d.terms)
	for _, t := range d.terms {
		switch t.op {
		case "&", "|":
			n -= 2 // itself, and one of the two it joins
		case "!":
			n--
		}
	}
	return n
}

// fields are the fields of the record itself that the domain looks at.
func (d Domain) fields() []string {
	var out []string
	for _, t := range d.terms {
		if t.op == "" && !slices.Contains(out, t.field) {
			out = append(out, t.field)
		}
	}
	return out
}

// eval judges a raw record. The answer is unknown only where the missing
// field could change it.
func (d Domain) eval(raw odooclient.Raw, lookup lookupFunc) tri {
	result, rest := yes, d.terms
	for len(rest) > 0 {
		var t tri
		t, rest = evalPrefix(rest, raw, lookup)
		result = and(result, t)
	}
	return result
}

// evalPrefix evaluates the first complete expression of terms.
func evalPrefix(terms []term, raw odooclient.Raw, lookup lookupFunc) (tri, []term) {
	if len(terms) == 0 {
		return yes, nil
	}
	head, rest := terms[0], terms[1:]
	switch head.op {
	case "":
		return head.eval(raw, lookup), rest
	case "!":
		t, rest := evalPrefix(rest, raw, lookup)
		return not(t), rest
	}
	a, rest := evalPrefix(rest, raw, lookup)
	b, rest := evalPrefix(rest, raw, lookup)
	if head.op == "&" {
		return and(a, b), rest
	}
	return not(and(not(a), not(b))), rest
}

func and(a, b tri) tri {
	switch {
	case a == no || b == no:
		return no
	case a == unknown || b == unknown:
		return unknown
	}
	return yes
}

func not(a tri) tri {
	switch a {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

func (t term) eval(raw odooclient.Raw, lookup lookupFunc) tri {
	v, ok := raw[t.field]
	if !ok {
		return unknown
	}
	if t.hop != "" {
		id, empty := relationID(v)
		if empty {
			v = false
		} else {
			if lookup == nil || t.model == "" || id == 0 {
				return unknown
			}
			val, ok := lookup(t.model, t.hop, id)
			if !ok {
				return unknown
			}
			v = lookedUp(val, t.value)
		}
	}
	return truth(compare(v, t.cmp, t.value))
}

// lookedUp turns a resolved lookup back into Odoo's shape, as far as a
// comparison with want needs it: a boolean's text is "1".
func lookedUp(v record.Value, want any) any {
	if v.IsNull() {
		return false
	}
	if _, ok := want.(bool); ok {
		return v.Text() != "0" && v.Text() != ""
	}
	if _, ok := number(want); ok {
		return odooclient.Double(v.Text())
	}
	return v.Text()
}

func compare(have any, cmp string, want any) bool {
	if pair, ok := have.([]any); ok {
		if id, isPair := pairID(pair); isPair {
			have = id
		}
	}
	switch cmp {
	case "=":
		return equal(have, want)
	case "!=":
		return !equal(have, want)
	case "in", "not in":
		list, _ := want.([]any)
		found := slices.ContainsFunc(list, func(w any) bool { return equal(have, w) })
		return found == (cmp == "in")
	}
	return ordered(have, cmp, want)
}

// equal follows Odoo: False equals every empty value, and a list of ids
// equals each of its members.
func equal(have, want any) bool {
	if list, ok := have.([]any); ok {
		if want == false {
			return len(list) == 0
		}
		return slices.ContainsFunc(list, func(h any) bool { return equal(h, want) })
	}
	if want == nil || want == false {
		return isEmpty(have)
	}
	if a, ok := number(have); ok {
		b, ok := number(want)
		return ok && a.Equal(b)
	}
	switch h := have.(type) {
	case string:
		return h == want
	case bool:
		return h == want
	}
	return false
}

func isEmpty(v any) bool {
	if n, ok := number(v); ok {
		return n.IsZero()
	}
	return v == nil || v == false || v == ""
}

func ordered(have any, cmp string, want any) bool {
	var order int
	if a, ok := number(have); ok {
		b, ok := number(want)
		if !ok {
			return false
		}
		order = a.Cmp(b)
	} else {
		a, okA := have.(string)
		b, okB := want.(string)
		if !okA || !okB {
			return false
		}
		order = strings.Compare(a, b)
	}
	switch cmp {
	case ">":
		return order > 0
	case "<":
		return order < 0
	case ">=":
		return order >= 0
	}
	return order <= 0
}

func number(v any) (decimal.Decimal, bool) {
	switch n := v.(type) {
	case int64:
		return decimal.NewFromInt(n), true
	case odooclient.Double:
		d, err := parseDecimal(string(n))
		return d, err == nil
	}
	return decimal.Decimal{}, false
}

// relationID returns a many2one's id in either form Odoo sends it: the plain
// id, or [id, name]. It is empty for False, and 0 for anything else.
func relationID(v any) (id int64, empty bool) {
	switch x := v.(type) {
	case nil:
		return 0, true
	case bool:
		return 0, !x
	case int64:
		return x, false
	case []any:
		id, _ := pairID(x)
		return id, false
	}
	return 0, false
}

// pairID recognises [id, name], which no list of ids looks like.
func pairID(pair []any) (int64, bool) {
	if len(pair) != 2 {
		return 0, false
	}
	id, ok := pair[0].(int64)
	if _, named := pair[1].(string); ok && (named || pair[1] == nil) {
		return id, true
	}
	return 0, false
}

// relationIDs returns the ids of a many2many or one2many.
func relationIDs(v any) ([]int64, bool) {
	switch x := v.(type) {
	case nil:
		return nil, true
	case bool:
		return nil, !x
	case []any:
		ids := make([]int64, 0, len(x))
		for _, e := range x {
			id, ok := e.(int64)
			if !ok {
				return nil, false
			}
			ids = append(ids, id)
		}
		return ids, true
	}
	return nil, false
}
