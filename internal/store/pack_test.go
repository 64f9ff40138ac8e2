package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/store"
)

// Pages that were written once can be read for ever.
func TestThePageDictionaryStays(t *testing.T) {
	dictionary, err := os.ReadFile("page.dictionary")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(dictionary)
	if got, want := hex.EncodeToString(sum[:]), "2d12b0bbed9308c53fa5d0f322269a29727331df741b8cd02e73435297e9eed6"; got != want {
		t.Errorf("the dictionary is another one (%s): what databases hold cannot be read any more", got)
	}
}

func TestPagesArePackedAndReadBack(t *testing.T) {
	db := open(t, temp(t))
	dictionary, err := os.ReadFile("page.dictionary")
	if err != nil {
		t.Fatal(err)
	}
	for name, page := range map[string][]byte{
		"empty": {}, "one byte": {1}, "like the dictionary": dictionary[1000:40_000], "text": []byte(strings.Repeat("it is another text ", 50_000)),
		"longer than what a dictionary is used for": bytes.Repeat(dictionary, 5),
	} {
		t.Run(name, func(t *testing.T) {
			written := store.Pack(page)
			for _, buffer := range [][]byte{nil, make([]byte, 10), make([]byte, 0, 1<<20)} {
				if got, err := db.Unpack(written, buffer); err != nil || !bytes.Equal(got, page) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			}
			if got, err := db.Unpack(db.PackedBefore(page), nil); err != nil || !bytes.Equal(got, page) {
				t.Errorf("as earlier programs wrote it: %d bytes, %v", len(got), err)
			}
			for at := range min(len(written), 400) {
				broken := bytes.Clone(written)
				broken[at] ^= 0x55
				if got, err := db.Unpack(broken, nil); err == nil && !bytes.Equal(got, page) {
					t.Fatalf("byte %d is another one, and nobody noticed", at)
				}
				if got, err := db.Unpack(written[:at], nil); err == nil && !bytes.Equal(got, page) {
					t.Fatalf("all after byte %d is gone, and nobody noticed", at)
				}
			}
		})
	}
	if small, before := len(store.Pack(dictionary[1000:40_000])), len(db.PackedBefore(dictionary[1000:40_000])); 5*small > before {
		t.Errorf("what the dictionary has takes %d bytes, and %d without it", small, before)
	}
}
