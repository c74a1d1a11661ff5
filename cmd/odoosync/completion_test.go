package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A shell sources what completion prints, and completes with it.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("NOT CHECKED: bash is missing, so that nothing sources the completion: install bash")
	}
	dir := t.TempDir()
	binary, script := filepath.Join(dir, "odoosync"), filepath.Join(dir, "completion.bash")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, string(out))
	text, err := run(t, nil, "completion", "bash")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(script, []byte(text), 0o600))
	out, err = exec.Command(bash, "-n", script).CombinedOutput()
	require.NoError(t, err, string(out))

	// Stand-ins: bash-completion's helper as far as the script uses it, and a builtin
	// that works in a live completion alone.
	const helper = "compopt() { :; }\n" + `_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; prev=${COMP_WORDS[COMP_CWORD-1]}; words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; }` + "\n"
	for line, want := range map[string]string{
		"odoosync res":                           "resync",
		"odoosync mig":                           "migrate",
		"odoosync conflicts re":                  "resolve",
		"odoosync resync --entity cont":          "contacts",
		"odoosync resync --mode inc":             "incremental",
		"odoosync replay --status er":            "error",
		"odoosync conflicts resolve 3 --take od": "odoo",
	} {
		c := exec.Command(bash, "--norc", "-c", "set -e\n"+helper+"source "+script+
			"\nCOMP_LINE="+"'"+line+"'"+`; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); set +e
			complete -p odoosync >/dev/null || exit 1
			__start_odoosync; printf '%s\n' "${COMPREPLY[@]}"`)
		c.Env, c.Dir = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH")), dir
		out, err := c.CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
		require.Equal(t, want, strings.TrimSpace(string(out)), line)
	}
}

// Where another shell is at hand it reads its own.
func TestOtherShellsTakeTheirs(t *testing.T) {
	for _, shell := range []string{"zsh", "fish"} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip("NOT CHECKED: " + shell + " is missing, so that nothing reads its completion: install " + shell)
			}
			text, err := run(t, nil, "completion", shell)
			require.NoError(t, err)
			script := filepath.Join(t.TempDir(), "completion")
			require.NoError(t, os.WriteFile(script, []byte(text), 0o600))
			out, err := exec.Command(path, "-n", script).CombinedOutput()
			require.NoError(t, err, string(out))
		})
	}
}

func TestEntitiesOfOnesOwnMappingAreCompleted(t *testing.T) {
	e := &env{environ: []string{"ODOOSYNC_MAPPING_FILE=../../configs/examples/own-tables.yaml"}}
	names, _ := e.entities(nil, nil, "")
	require.Contains(t, names, "clients")
	e.environ = []string{"ODOOSYNC_NO_SETTING=1"}
	names, _ = e.entities(nil, nil, "")
	require.Contains(t, names, "contacts")
}
