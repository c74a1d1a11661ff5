package webhooks

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

const someStream = "0b9a2f6e-8f3c-4e0e-9d53-7a1f0c2b4d5e"

func TestPlace(t *testing.T) {
	for _, tt := range []struct {
		name             string
		streams, numbers []string
		number           int64
		garbage          bool
	}{
		{"none", nil, nil, 0, false},
		{"both", []string{someStream}, []string{"7"}, 7, false},
		{"the largest", []string{someStream}, []string{"2147483647"}, 2147483647, false},
		{"too large", []string{someStream}, []string{"2147483648"}, 0, true},
		{"far too large", []string{someStream}, []string{"99999999999999999999"}, 0, true},
		{"zero", []string{someStream}, []string{"0"}, 0, true},
		{"negative", []string{someStream}, []string{"-1"}, 0, true},
		{"a leading zero", []string{someStream}, []string{"07"}, 0, true},
		{"a fraction", []string{someStream}, []string{"7.0"}, 0, true},
		{"other digits", []string{someStream}, []string{"٧"}, 0, true},
		{"no stream", nil, []string{"7"}, 0, true},
		{"no number", []string{someStream}, nil, 0, true},
		{"empty", []string{""}, []string{""}, 0, true},
		{"capitals", []string{"0B9A2F6E-8F3C-4E0E-9D53-7A1F0C2B4D5E"}, []string{"7"}, 0, true},
		{"no UUID", []string{"sale"}, []string{"7"}, 0, true},
		{"twice", []string{someStream}, []string{"7", "8"}, 0, true},
		{"a line's end", []string{someStream + "\n"}, []string{"7"}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stream, number, garbage := place(http.Header{streamHeader: tt.streams, sequenceHeader: tt.numbers})
			require.Equal(t, tt.number, number)
			require.Equal(t, tt.garbage, garbage)
			require.Equal(t, number != 0, stream == someStream)
		})
	}
}

func FuzzPlace(f *testing.F) {
	f.Add(someStream, "7")
	f.Add("", "0x7")
	f.Fuzz(func(t *testing.T, a, b string) {
		stream, number, garbage := place(http.Header{streamHeader: {a}, sequenceHeader: {b}})
		if garbage {
			require.Equal(t, "0", stream+strconv.FormatInt(number, 10))
			return
		}
		require.Equal(t, a, stream)
		require.Equal(t, b, strconv.FormatInt(number, 10))
		require.Positive(t, number)
		require.Len(t, stream, 36)
	})
}
