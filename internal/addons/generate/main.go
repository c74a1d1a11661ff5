// Generate writes addons/<series>.0 from addons/source; make addons runs it.
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
