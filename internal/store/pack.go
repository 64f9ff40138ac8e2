package store

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/s2"
)

// Pages are what a list reads a hundred of at a time, and most of what they say is said
// by all: the names of fields, what traits mean, what to do. So they are packed with a
// dictionary that has it, which is one of them, of an invented finding: half the size of
// zstd without one, and read in half the time.
//
//	1 byte   packed: 1
//	4 bytes  CRC-32C of the page, little-endian
//	         the page as an S2 block
//
// Those of earlier programs are zstd frames, which begin with another byte.

// packed marks a page of pageDictionary. Another dictionary takes another mark, and this
// one stays as it is for ever: pages cannot be read without it.
const packed = 1

//go:embed page.dictionary
var pageDictionary []byte

var pageWords = sync.OnceValue(func() *s2.Dict { return s2.MakeDict(pageDictionary, nil) })

var castagnoli = sync.OnceValue(func() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) })

const packHead = 5

var errPacked = errors.New("packed page is cut off, or is not what was written")

// pack writes a page for its table.
func pack(page []byte) []byte {
	block := pageWords().EncodeBetter(make([]byte, s2.MaxEncodedLen(len(page))), page)
	out := make([]byte, packHead, packHead+len(block))
	out[0] = packed
	binary.LittleEndian.PutUint32(out[1:], crc32.Checksum(page, castagnoli()))
	return append(out, block...)
}

// unpack reads what pack wrote, or an earlier program did, into a buffer if that is large
// enough.
func (db *DB) unpack(data, buffer []byte) ([]byte, error) {
	switch {
	case len(data) < packHead:
		return nil, errPacked
	case data[0] != packed:
		return db.decoder.DecodeAll(data, buffer[:0])
	}
	if n, err := s2.DecodedLen(data[packHead:]); err != nil || n > maxDocument {
		return nil, errPacked
	}
	page, err := pageWords().Decode(buffer, data[packHead:])
	if err != nil {
		return nil, err
	}
	if crc32.Checksum(page, castagnoli()) != binary.LittleEndian.Uint32(data[1:]) {
		return nil, errPacked
	}
	return page, nil
}
