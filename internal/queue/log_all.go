package queue

import (
	"context"
	"strings"
)

// all is a statement for the ids of everything that a filter finds and that is
// more besides; "" where it can find nothing.
func (f LogFilter) all(ctx context.Context, db Querier, more string, args ...any) (string, []any, error) {
	t, err := f.common(ctx, db)
	if err != nil || t == nil {
		return "", nil, err
	}
	t.add(more, args...)
	ways, err := f.ways(ctx, db)
	if len(ways) == 0 {
		ways = []terms{{[]string{"TRUE"}, nil}}
	}
	var parts []string
	var all []any
	for _, way := range ways {
		parts = append(parts, "SELECT w.id FROM webhook_logs w WHERE "+strings.Join(t.where, " AND ")+" AND "+way.where[0])
		all = append(append(all, t.args...), way.args...)
	}
	return strings.Join(parts, " UNION "), all, err
}
