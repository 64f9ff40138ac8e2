package images

import (
	"bytes"
	"compress/gzip"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// goProgram describes the build of a Go program.
type goProgram struct {
	path         string // main package
	version      string // of the main module
	compiler     string // "go1.21.5"
	architecture string
	deps         string // "module@version" words
}

// layer puts the program at the path in a layer of its own.
func (g goProgram) layer(at string) (layer, error) {
	return newLayer("COPY /out/ /"+at+" # buildkit", gzip.NoCompression, program(at, g.binary(0)))
}

// binary makes a small ELF executable that carries the build information of a Go
// program, in the form that the Go linker writes since Go 1.18 (package
// debug/buildinfo): section .go.buildinfo with a 32-byte header and, inline, the
// compiler's version and the module list. The code is a single return; padding
// random-looking bytes give it the size of a real one.
func (g goProgram) binary(padding int) []byte {
	module, _, _ := strings.Cut(g.path, "/cmd/")
	var mod strings.Builder
	fmt.Fprintf(&mod, "path\t%s\nmod\t%s\t%s\t\n", g.path, module, g.version)
	for _, p := range pins(g.deps) {
		fmt.Fprintf(&mod, "dep\t%s\t%s\th1:%s=\n", p.name, p.version, digest([]byte(p.name + p.version))[7:50])
	}
	fmt.Fprintf(&mod, "build\t-buildmode=exe\nbuild\t-compiler=gc\nbuild\tCGO_ENABLED=0\nbuild\tGOARCH=%s\nbuild\tGOOS=linux\n", g.architecture)

	// The linker frames the module list with two 16-byte markers.
	framed := "\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6" + mod.String() +
		"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2"
	info := make([]byte, 32, 64+len(framed))
	copy(info, "\xff Go buildinf:")
	info[14] = 8 // pointer size
	info[15] = 2 // strings are inline
	for _, s := range []string{g.compiler, framed} {
		info = binary.AppendUvarint(info, uint64(len(s)))
		info = append(info, s...)
	}
	machine := elf.EM_X86_64
	if g.architecture == "arm64" {
		machine = elf.EM_AARCH64
	}
	return newELF(machine, info, noise(g.path, padding))
}

// ELF64 sizes, from the System V ABI.
const (
	elfHeaderSize  = 64
	elfProgramSize = 56
	elfSectionSize = 64
	elfBase        = 0x400000
)

// newELF writes an ELF64 executable of the sections .text, .go.buildinfo (left out
// when info is nil) and .shstrtab.
func newELF(machine elf.Machine, info, code []byte) []byte {
	const names = "\x00.text\x00.go.buildinfo\x00.shstrtab\x00"
	text := append([]byte{0xc3}, code...)
	start := align(elfHeaderSize + 2*elfProgramSize)
	infoAt := align(start + len(text))
	namesAt := infoAt + len(info)
	tableAt := align(namesAt + len(names))
	sections := []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_EXECINSTR), Addr: elfBase + uint64(start), Off: uint64(start), Size: uint64(len(text)), Addralign: 16},
		{Name: 7, Type: uint32(elf.SHT_PROGBITS), Flags: uint64(elf.SHF_ALLOC | elf.SHF_WRITE), Addr: elfBase + uint64(infoAt), Off: uint64(infoAt), Size: uint64(len(info)), Addralign: 16},
		{Name: 21, Type: uint32(elf.SHT_STRTAB), Off: uint64(namesAt), Size: uint64(len(names)), Addralign: 1},
	}
	if info == nil {
		sections = append(sections[:2], sections[3])
	}
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: 1, Entry: elfBase + uint64(start),
		Phoff: elfHeaderSize, Shoff: uint64(tableAt), Ehsize: elfHeaderSize, Phentsize: elfProgramSize, Phnum: 2,
		Shentsize: elfSectionSize, Shnum: uint16(len(sections)), Shstrndx: uint16(len(sections) - 1),
	}
	copy(header.Ident[:], "\x7fELF\x02\x01\x01")
	segments := []elf.Prog64{
		{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Off: uint64(start), Vaddr: elfBase + uint64(start), Filesz: uint64(len(text)), Memsz: uint64(len(text)), Align: 16},
		{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_W), Off: uint64(infoAt), Vaddr: elfBase + uint64(infoAt), Filesz: uint64(len(info)), Memsz: uint64(len(info)), Align: 16},
	}
	var out bytes.Buffer
	for _, part := range []struct {
		at   int
		data any
	}{{0, header}, {elfHeaderSize, segments}, {start, text}, {infoAt, info}, {namesAt, []byte(names)}, {tableAt, sections}} {
		out.Write(make([]byte, part.at-out.Len()))
		// Writing to a buffer cannot fail, and every part has a fixed size.
		_ = binary.Write(&out, binary.LittleEndian, part.data)
	}
	return out.Bytes()
}

func align(n int) int { return (n + 15) &^ 15 }
