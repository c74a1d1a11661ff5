package app_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
	"odoosync/internal/app"
	"odoosync/internal/dbtest"
	"odoosync/internal/record"
)

// servesTLS gives a daemon a certificate, and a client that trusts it.
func servesTLS(t *testing.T) (*http.Client, func(*configs.Config)) {
	t.Helper()
	known := httptest.NewTLSServer(nil) // whose client trusts its certificate
	t.Cleanup(known.Close)
	pair := known.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	client := known.Client()
	t.Cleanup(client.CloseIdleConnections)
	return client, func(c *configs.Config) { c.HTTP.TLSCert, c.HTTP.TLSKey = certFile, keyFile }
}

func TestServesTLS(t *testing.T) {
	client, change := servesTLS(t)
	d := start(t, dbtest.DSN(t), change)
	resp, err := client.Get(d.app.URL() + "/readyz")
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	client.CloseIdleConnections()
}

func TestACertificateThatIsNoneKeepsItFromStarting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cert.pem")
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	c := configs.Default()
	c.Database.DSN = configs.Secret(dbtest.DSN(t))
	c.HTTP.Listen, c.HTTP.TLSCert, c.HTTP.TLSKey = "127.0.0.1:0", file, file
	_, err := app.Start(context.Background(), c, app.Options{VarDir: t.TempDir()})
	require.Equal(t, record.CodeConfig, record.CodeOf(err))
	require.Contains(t, record.Message(err), "http.tls_cert")
}
