package record_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/record"
)

func TestDidYouMean(t *testing.T) {
	known := []string{"phone", "policy", "lookup", "lookup_list", "odoo"}
	for wrong, want := range map[string]string{
		"odo": "odoo", "pohne": "phone", "polcy": "policy", "lookuplist": "lookup_list", "Lookup": "lookup",
	} {
		require.Equal(t, ": did you mean "+want+"?", record.DidYouMean(wrong, known), wrong)
	}
	for _, far := range []string{"", "x", "destination", strings.Repeat("phone", 1000)} {
		require.Empty(t, record.DidYouMean(far, known), "%.20s", far)
	}
	require.Equal(t, ": did you mean ab?", record.DidYouMean("aa", []string{"ac", "ab"}), "a tie goes by the alphabet")
}
