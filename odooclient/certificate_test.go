package odooclient

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTellsWhenTheCertificateRunsOut(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, `<?xml version="1.0"?><methodResponse><params><param><value><struct>`+
			`<member><name>server_serie</name><value><string>17.0</string></value></member>`+
			`<member><name>server_version_info</name><value><array><data><value><int>17</int></value></data></array></value></member>`+
			`</struct></value></param></params></methodResponse>`)
	}))
	defer server.Close()
	var expires time.Time
	c, err := New(Options{URL: server.URL, HTTP: server.Client(), OnCertificate: func(at time.Time) { expires = at }})
	require.NoError(t, err)
	defer c.Close()
	v, err := c.Version(context.Background())
	require.NoError(t, err)
	require.Equal(t, "17.0", v.Series)
	require.Equal(t, server.Certificate().NotAfter, expires)
}
