package configs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"odoosync/configs"
)

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestTheCommentedFileIsTheDefault(t *testing.T) {
	c, err := configs.Load(configs.Sources{File: "odoosync.yaml"})
	require.NoError(t, err)
	c.Odoo.Companies, c.HTTP.TrustedProxies, c.Webhooks.APIKeys, c.Webhooks.SigningSecrets = nil, nil, nil, nil
	require.Equal(t, configs.Default(), c)
}

func TestTheEnvironmentWinsOverTheFile(t *testing.T) {
	secret := write(t, "from-a-file\n")
	c, err := configs.Load(configs.Sources{File: write(t, "schedule: {poll: 1m}\nlog: {level: warn}\n"),
		Environ: []string{"ODOOSYNC_SCHEDULE_POLL=5s", "ODOOSYNC_WEBHOOKS_API_KEYS=a, file:" + secret, "ODOOSYNC_ODOO_COMPANIES=1,3", "ODOOSYNC_TEST_DSN=x", "PATH=/bin"}})
	require.NoError(t, err)
	require.Equal(t, 5*time.Second, c.Schedule.Poll)
	require.Equal(t, "warn", c.Log.Level)
	require.Equal(t, []configs.Secret{"a", "from-a-file"}, c.Webhooks.APIKeys)
	require.Equal(t, []int64{1, 3}, c.Odoo.Companies)
}

func TestProblemsComeAtOnceWithKeyPlaceAndMend(t *testing.T) {
	path := write(t, "odoo:\n  url: example.com\n  api_kee: x\nhttp:\n  listen: '8080'\nreconcile:\n  page: many\n")
	_, err := configs.Load(configs.Sources{File: path, Environ: []string{"ODOOSYNC_LOG_LEVLE=info"}})
	require.ErrorContains(t, err, "odoo.api_kee ("+path+":3) is no setting: did you mean odoo.api_key?")
	require.ErrorContains(t, err, "ODOOSYNC_LOG_LEVLE (environment) is no setting: did you mean ODOOSYNC_LOG_LEVEL?")
	require.ErrorContains(t, err, "reconcile.page ("+path+":7): a whole number was expected")

	_, err = configs.Load(configs.Sources{File: write(t, "odoo: {url: example.com}\nhttp: {listen: '8080', tls_cert: x}\nwebhooks: {source: refetch}\n"), Environ: []string{"ODOOSYNC_LOG_LEVEL=loud"}})
	for _, want := range []string{"odoo.url (", "odoo.database (default): is missing", "http.listen (", "http.tls_cert (", "log.level (environment variable ODOOSYNC_LOG_LEVEL)"} {
		require.ErrorContains(t, err, want)
	}
}

func TestAKeyTwiceIsAnError(t *testing.T) {
	_, err := configs.Load(configs.Sources{File: write(t, "log:\n  level: info\n  level: warn\n")})
	require.Error(t, err)
}

func TestSecretsDoNotShow(t *testing.T) {
	c := configs.Default()
	c.Odoo.APIKey = "hush"
	c.Webhooks.APIKeys = []configs.Secret{"hush"}
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprint(c), fmt.Sprintf("%#v", c), fmt.Sprintf("%+v", c), string(encoded)} {
		require.NotContains(t, shown, "hush")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("odoo: {url: https://x}", "ODOOSYNC_LOG_LEVEL=info")
	f.Add("a: &a [*a]", "ODOOSYNC_ODOO_COMPANIES=1,,x")
	f.Fuzz(func(t *testing.T, text, variable string) {
		_, _ = configs.Load(configs.Sources{File: write(t, text), Environ: []string{variable}})
	})
}
