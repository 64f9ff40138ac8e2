// Package vulndata holds the small vulnerability database of the demo: real
// records of the packages in the estate's images, as an archive that
// `eksposure db import` and vulndb.Import take.
//
// It takes nothing and gives bytes. What they hold, and whose it is, says
// README.md; `go generate` makes them from test/data/vulndb.
package vulndata

import (
	_ "embed"
	"slices"
)

//go:generate go run ./gen -o vulnerability-db.tar.zst

//go:embed vulnerability-db.tar.zst
var archive []byte

// Name is the archive's file name; its ending says how it is packed.
const Name = "vulnerability-db.tar.zst"

// Archive returns the database archive.
func Archive() []byte { return slices.Clone(archive) }
