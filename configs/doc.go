// Package configs reads the settings: defaults, then a YAML file, then
// ODOOSYNC_* variables of the environment, each over the one before.
//
// A key that nobody knows is an error that names the nearest one that exists,
// wherever it stands: a setting that is silently ignored is worse than a daemon
// that does not start. Load lists every problem at once, each with its key, the
// place its value came from, and what to write instead. What is allowed but
// hardly meant (a secret that everybody on the machine can read) is a warning in
// Config.Warnings, for whoever starts the daemon to show.
//
// Secrets may stand in a file of their own: a value "file:/run/secrets/x" is
// replaced by that file's text. A Secret never shows itself: it prints as "***",
// and no error tells it.
//
// What people read of a key (settings.go) is one source: odoosync.yaml and
// docs/configuration.md are made of it, the errors take their examples from it,
// and tests hold all of them, Config and its defaults together.
//
// A Config is plain data: read it from anywhere once it is loaded.
package configs
