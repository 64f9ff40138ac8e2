package store_test

import (
	"encoding/json"
	"testing"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/trait"
)

// BenchmarkPages packs and reads pages of open findings as programs do now and did before,
// and tells how large they are.
func BenchmarkPages(b *testing.B) {
	var pages [][]byte
	for s := range estate.Fleet(1, 200, 2) {
		f, _ := exposure.Correlate(nil, exposure.Evaluate(s, trait.All(), exposure.DefaultPolicy()), s, trait.All())
		if f == nil {
			continue
		}
		page, err := json.Marshal(ocsf.Finding(f, ocsf.Options{}))
		if err != nil {
			b.Fatal(err)
		}
		pages = append(pages, page)
	}
	db := open(b, temp(b))
	for _, way := range []struct {
		name string
		pack func([]byte) []byte
	}{{"with the dictionary", store.Pack}, {"zstd alone", db.PackedBefore}} {
		packed, size := make([][]byte, len(pages)), 0
		for i, page := range pages {
			packed[i] = way.pack(page)
			size += len(packed[i])
		}
		b.Run("pack/"+way.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				way.pack(pages[i%len(pages)])
			}
			b.ReportMetric(float64(size)/float64(len(pages)), "bytes/page")
		})
		b.Run("read/"+way.name, func(b *testing.B) {
			buffer := make([]byte, 0, 1<<20)
			for i := 0; b.Loop(); i++ {
				if _, err := db.Unpack(packed[i%len(packed)], buffer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
