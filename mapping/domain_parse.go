package mapping

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"odoosync/odooclient"
)

// parseDomain reads a domain as YAML gives it.
func parseDomain(terms []any) (Domain, error) {
	var d Domain
	for i, raw := range terms {
		if op, ok := raw.(string); ok {
			if op != "&" && op != "|" && op != "!" {
				return Domain{}, fmt.Errorf("%q is no operator of a domain, which are &, | and ! alone", op)
			}
			d.terms = append(d.terms, term{op: op})
			continue
		}
		t, err := parseTerm(raw)
		if err != nil {
			return Domain{}, fmt.Errorf("term %d: %w", i+1, err)
		}
		d.terms = append(d.terms, t)
	}
	complete := 0 // expressions to the right of the term
	for i := len(d.terms) - 1; i >= 0; i-- {
		switch d.terms[i].op {
		case "":
			complete++
			continue
		case "&", "|":
			complete--
		}
		if complete < 1 {
			return Domain{}, fmt.Errorf("the operator %q (term %d) has nothing to join", d.terms[i].op, i+1)
		}
	}
	return d, nil
}

func parseTerm(raw any) (term, error) {
	list, ok := raw.([]any)
	if !ok || len(list) != 3 {
		return term{}, fmt.Errorf("%v is not [field, operator, value]", raw)
	}
	field, okField := list[0].(string)
	cmp, okCmp := list[1].(string)
	if !okField || !okCmp || !slices.Contains(comparisons, cmp) {
		return term{}, fmt.Errorf("%v: the operator is one of %s", raw, strings.Join(comparisons, " "))
	}
	value, err := termValue(list[2])
	if err != nil {
		return term{}, err
	}
	if _, isList := value.([]any); isList != (cmp == "in" || cmp == "not in") {
		return term{}, fmt.Errorf("%v: a list goes with in and not in, and with nothing else", raw)
	}
	t := term{cmp: cmp, value: value}
	t.field, t.hop, _ = strings.Cut(field, ".")
	if t.field == "" || strings.HasSuffix(field, ".") || strings.Contains(t.hop, ".") {
		return term{}, fmt.Errorf("%v: a field is a name, or two with a point between", raw)
	}
	return t, nil
}

// termValue gives YAML's values the types a raw record has.
func termValue(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return false, nil
	case bool, string:
		return x, nil
	case int:
		return int64(x), nil
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%v is no number", x)
		}
		return odooclient.Double(strconv.FormatFloat(x, 'g', -1, 64)), nil
	case []any:
		out := make([]any, len(x))
		for i, e := range x {
			value, err := termValue(e)
			if err != nil {
				return nil, err
			}
			out[i] = value
		}
		return out, nil
	}
	if _, ok := v.(time.Time); ok {
		return nil, fmt.Errorf("a date stands without quotes: write it in quotes")
	}
	return nil, fmt.Errorf("keys stand where a value was expected")
}
