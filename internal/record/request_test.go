package record_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

func TestAContextCarriesItsRequests(t *testing.T) {
	ctx := context.Background()
	require.Empty(t, record.Requests(ctx))
	require.Equal(t, ctx, record.WithRequests(ctx, "", "a b", "a\r\nX-Evil: 1", "é", strings.Repeat("a", 65)))
	require.Equal(t, "a,b-1", record.Requests(record.WithRequests(ctx, "a", "b-1", "a", "")))
	require.Equal(t, "1,2,3,4,5", record.Requests(record.WithRequests(ctx, "1", "2", "3", "4", "5", "6")))
}
