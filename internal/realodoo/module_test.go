package realodoo_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"odoosync/internal/addons"
	"odoosync/internal/realodoo"
)

// withModule is an Odoo with the module installed.
func withModule(t *testing.T, cronThreads int) *realodoo.Server {
	t.Helper()
	return install(t, cronThreads, addons.Module)
}

// install installs the modules into a new database of the Odoo that ODOO_SRC
// names. Ours can be installed later, too.
func install(t *testing.T, cronThreads int, modules ...string) *realodoo.Server {
	t.Helper()
	source := os.Getenv("ODOO_SRC")
	if source == "" {
		t.Skip("ODOO_SRC names no checkout of Odoo")
	}
	series, err := realodoo.Series(source)
	require.NoError(t, err)
	folder, err := filepath.Abs(filepath.Dir(addons.Folder(filepath.Join("..", "..", "addons"), series)))
	require.NoError(t, err)
	require.DirExists(t, folder, "there is no module for Odoo %d", series)
	if series == 16 && slices.Contains(modules, addons.Module) {
		modules = append(modules, "l10n_generic_coa") // a chart of accounts, for the tests of invoices
	}
	s, err := realodoo.New(context.Background(), realodoo.Options{Source: source, Addons: []string{folder}, Modules: modules, CronThreads: cronThreads})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

var (
	outcome = regexp.MustCompile(`(\d+) failed, (\d+) error\(s\) of (\d+) tests`)
	shout   = regexp.MustCompile(`(?m)^\S+ \S+ \d+ (ERROR|CRITICAL) .*`)
)

func TestTheModulesOwnTests(t *testing.T) {
	s := withModule(t, 0)
	log, err := s.Run(context.Background(), "-u", addons.Module, "--test-tags=/"+addons.Module)
	if err != nil {
		t.Fatal(err, strings.Join(shout.FindAllString(log, 50), "\n"))
	}
	m := outcome.FindStringSubmatch(log)
	require.NotNil(t, m, "no tests ran")
	require.Equal(t, []string{"0", "0"}, m[1:3], log)
	t.Logf("%s tests", m[3])
	require.NotEqual(t, "0", m[3])
	require.NotContains(t, log, "skipped", "a test of the module was skipped")

	t.Run("the texts are all in the template", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "export.po")
		_, err := s.Run(context.Background(), "--modules="+addons.Module, "--i18n-export="+path)
		if err != nil && strings.Contains(fmt.Sprint(err), "no such option") {
			t.Skip("this Odoo exports by another command")
		}
		require.NoError(t, err)
		exported, err := os.ReadFile(path)
		require.NoError(t, err)
		template, err := os.ReadFile(filepath.Join("..", "..", "addons", "source", addons.Module, "i18n", addons.Module+".pot"))
		require.NoError(t, err)
		for _, text := range regexp.MustCompile(`(?m)^msgid ".+"$`).FindAllString(string(exported), -1) {
			require.Contains(t, string(template), text)
		}
	})
	t.Run("it uninstalls", func(t *testing.T) { uninstall(t, s) })
}
