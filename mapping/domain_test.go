package mapping

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnyOfJoinsDomains(t *testing.T) {
	for _, tt := range []struct {
		parts []string
		want  string
	}{
		{[]string{`[[a, "=", 1]]`}, `[[a = 1]]`},
		{[]string{`[[a, "=", 1], [b, "=", 2]]`}, `[& [a = 1] [b = 2]]`},
		{[]string{`[[a, "=", 1]]`, `[[b, "=", 2]]`}, `[| [a = 1] [b = 2]]`},
		{[]string{`[[a, "=", 1], "!", [b, "=", 2], [c, "=", 3]]`, `["|", [d, "=", 4], [e, "=", 5]]`, `[[f, "=", 6]]`},
			`[| | & & [a = 1] ! [b = 2] [c = 3] | [d = 4] [e = 5] [f = 6]]`},
		{[]string{`[[a, "=", 1]]`, `[]`}, `[]`},
	} {
		var domains []Domain
		for _, text := range tt.parts {
			domains = append(domains, domainOf(t, text))
		}
		require.Equal(t, tt.want, fmt.Sprint(anyOf(domains).Args()), "%v", tt.parts)
	}
}
