// Package configs reads the settings: defaults, then a YAML file, then
// ODOOSYNC_* variables of the environment, each over the one before.
//
// A key that nobody knows is an error that names the nearest one that exists,
// wherever it stands: a setting that is silently ignored is worse than a daemon
// that does not start. Validate lists every problem at once, each with its key,
// the place its value came from, and what to do.
//
// Secrets may stand in a file of their own: a value "file:/run/secrets/x" is
// replaced by that file's text. A Secret never shows itself: it prints as "***".
package configs
