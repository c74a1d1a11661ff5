package record

import (
	"context"
	"strings"
)

// requestKey carries the ids of requests in a context.
type requestKey struct{}

// mostRequests is how many ids a context carries: one look at a record may serve
// many requests.
const mostRequests = 5

// WithRequests returns a context that tells which requests it serves: for the log,
// and for the log of whoever is called. Empty and doubled ids are left out.
func WithRequests(ctx context.Context, ids ...string) context.Context {
	seen := map[string]bool{"": true}
	var kept []string
	for _, id := range ids {
		if !seen[id] && IsRequestID(id) && len(kept) < mostRequests {
			kept = append(kept, id)
		}
		seen[id] = true
	}
	if len(kept) == 0 {
		return ctx
	}
	return context.WithValue(ctx, requestKey{}, strings.Join(kept, ","))
}

// Requests are the ids of a context, with commas; "" for none.
func Requests(ctx context.Context) string {
	ids, _ := ctx.Value(requestKey{}).(string)
	return ids
}

// IsRequestID tells whether a text may be a request's id: up to 64 letters, digits
// and ._-, so that it can stand in any header and log.
func IsRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, r := range id {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-') {
			return false
		}
	}
	return true
}
