package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Vectors made by Python's own json and hmac (testdata/make_vectors.py).
func TestPythonVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/pyjson_vectors.json")
	require.NoError(t, err)
	var file struct {
		Secret  string
		Vectors []struct{ Source, Dumped, HMAC string }
	}
	require.NoError(t, json.Unmarshal(data, &file))
	require.Greater(t, len(file.Vectors), 300)
	for _, v := range file.Vectors {
		parsed, err := parse([]byte(v.Source))
		require.NoError(t, err, v.Source)
		require.Equal(t, v.Dumped, pythonJSON(parsed), v.Source)
		mac := hmac.New(sha256.New, []byte(file.Secret))
		mac.Write([]byte(pythonJSON(parsed)))
		require.Equal(t, v.HMAC, hex.EncodeToString(mac.Sum(nil)))
	}
}

// What is accepted is JSON for everybody, and what Python writes of it parses
// to the same again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a": [1.50, "é", null]}`, `{"a": 1, "a": 2}`, `"\ud83d\ude00"`, `1e400`, `[[[[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parse(data)
		if err != nil {
			return
		}
		require.True(t, json.Valid(data))
		text := pythonJSON(v)
		again, err := parse([]byte(text))
		require.NoError(t, err, text)
		require.Equal(t, text, pythonJSON(again))
	})
}
