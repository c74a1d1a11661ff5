// Command generate writes the Odoo module's folders anew, from the root of the
// tree: go run ./internal/addons/generate.
package main

import (
	"fmt"
	"os"

	"odoosync/internal/addons"
)

func main() {
	if err := addons.Write("addons"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
