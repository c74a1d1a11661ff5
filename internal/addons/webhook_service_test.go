package addons_test

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/addons"
)

// PostgreSQL takes no text with a NUL. An answer that holds one could not be noted,
// so the same event would go out for ever, and no other one after it.
func TestAnAnswerWithANULCanBeNoted(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import requests").Run() != nil {
		t.Skip("needs python3 with requests")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<\x00h\x00t\x00m\x00l\x00>")) // a proxy's page in UTF-16
	}))
	t.Cleanup(server.Close)
	for _, series := range addons.Series {
		command := exec.Command(python, "-B", "-c", "import sys, webhook_service as w\nprint(ascii(w.WebhookService().post(sys.argv[1], b'{}', {}).text))", server.URL)
		command.Dir = filepath.Join(addons.Folder(root, series), "services")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "h")
		require.NotContains(t, string(out), `\x00`, series)
	}
}
