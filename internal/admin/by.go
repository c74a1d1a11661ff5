package admin

import "context"

type byKey struct{}

// WithBy says who asks for what is done with a context: runs, pauses and
// conflicts show it.
func WithBy(ctx context.Context, by string) context.Context {
	return context.WithValue(ctx, byKey{}, by)
}

// By is who asks, the admin API where nobody said.
func By(ctx context.Context) string {
	if by, ok := ctx.Value(byKey{}).(string); ok {
		return by
	}
	return "admin API"
}
