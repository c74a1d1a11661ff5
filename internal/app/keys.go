package app

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"odoosync/configs"
	"odoosync/internal/record"
)

// keys are what opens the endpoints.
type keys struct {
	webhooks []string
	admin    string
}

// loadKeys takes the keys of the settings; those that are missing are made at
// the first start, kept in VarDir readable by its owner alone, and shown once.
func loadKeys(c configs.Config, o Options) (keys, error) {
	var k keys
	for _, s := range c.Webhooks.APIKeys {
		k.webhooks = append(k.webhooks, s.Reveal())
	}
	k.admin = c.Admin.Token.Reveal()
	if len(k.webhooks) == 0 && !c.Webhooks.AllowAnonymous {
		key, err := madeKey(o, "webhook-key", "webhook key (for Odoo: Authorization: Bearer ...)")
		if err != nil {
			return k, err
		}
		k.webhooks = []string{key}
	}
	if k.admin == "" {
		token, err := madeKey(o, "admin-token", "admin token (for the dashboard at /, and for /admin/api: Authorization: Bearer ...)")
		if err != nil {
			return k, err
		}
		k.admin = token
	}
	return k, nil
}

func madeKey(o Options, name, what string) (string, error) {
	path := filepath.Join(o.VarDir, name)
	text, err := os.ReadFile(path)
	if key := strings.TrimSpace(string(text)); err == nil && key != "" {
		return key, nil
	}
	random := make([]byte, 24)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	key := base64.RawURLEncoding.EncodeToString(random)
	if err := os.MkdirAll(o.VarDir, 0o700); err != nil {
		return "", record.Wrap(record.CodeConfig, err, "the folder %s for generated keys cannot be made; start in a folder you may write to", o.VarDir)
	}
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		return "", record.Wrap(record.CodeConfig, err, "the generated %s cannot be kept in %s: start in a folder you may write to, or set the key yourself", what, path)
	}
	fmt.Fprintf(o.Out, "A new %s was made and is kept in %s:\n  %s\n", what, path, key)
	return key, nil
}
