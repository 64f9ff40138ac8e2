package catalog

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"path"

	stereofile "github.com/anchore/stereoscope/pkg/file"
	"github.com/anchore/stereoscope/pkg/filetree"
	"github.com/anchore/stereoscope/pkg/filetree/filenode"
	"github.com/anchore/stereoscope/pkg/image"

	"github.com/eksposure/eksposure/internal/fault"
)

// newImageTree joins the indexes of layers into the form in which syft sees an
// image that it read by itself. The rules of the join (whiteouts, links, a path
// that comes twice) are those of the library that syft uses, so that the packages
// are the same; only the reading of the archives is left out.
func newImageTree(m *imageManifest, layers []*openLayer) (*image.Image, error) {
	im := &image.Image{Metadata: image.Metadata{
		ID: m.configID, Config: m.config, MediaType: m.mediaType, RawManifest: m.raw, ManifestDigest: m.digest,
		RawConfig: m.rawConfig, RepoDigests: []string{m.reference},
		OS: m.config.OS, Architecture: m.config.Architecture, Variant: m.config.Variant,
	}}
	files := image.NewFileCatalog()
	squash := filetree.NewUnionFileTree()
	for i, l := range layers {
		im.Metadata.Size += l.size
		stereoLayer := &image.Layer{Metadata: image.LayerMetadata{
			Index: uint(i), Digest: l.diffID, MediaType: l.ref.mediaType, Size: l.size,
		}}
		tree, err := newLayerTree(l, files, stereoLayer)
		if err != nil {
			return nil, fmt.Errorf("layer %s: %w: %w", l.diffID, err, fault.ErrInvalid)
		}
		stereoLayer.Tree = tree
		im.Layers = append(im.Layers, stereoLayer)
		squash.PushTree(tree)
	}
	squashed, err := squash.Squash()
	if err != nil {
		return nil, fmt.Errorf("join the layers: %w: %w", err, fault.ErrInvalid)
	}
	im.FileCatalog = files
	im.SquashedSearchContext = filetree.NewSearchContext(squashed, files.Index)
	if len(im.Layers) > 0 {
		top := im.Layers[len(im.Layers)-1]
		top.SquashedTree = squashed
		top.SquashedSearchContext = im.SquashedSearchContext
	}
	return im, nil
}

// layerTree builds the file tree of one layer.
type layerTree struct {
	tree    *filetree.FileTree
	files   *image.FileCatalog
	layer   *image.Layer
	builder *filetree.Builder
	openers map[stereofile.ID]stereofile.Opener
}

func newLayerTree(l *openLayer, files *image.FileCatalog, in *image.Layer) (*filetree.FileTree, error) {
	tree := filetree.New()
	t := &layerTree{
		tree: tree, files: files, layer: in,
		builder: filetree.NewBuilder(tree, files.Index), openers: map[stereofile.ID]stereofile.Opener{},
	}
	for _, e := range l.entries {
		if err := t.add(e, l); err != nil {
			return nil, err
		}
	}
	return tree, nil
}

func (t *layerTree) add(e entry, l *openLayer) error {
	own := e.metadata()
	if err := t.replace(own); err != nil {
		return err
	}
	metadata := own
	opener := func() (io.ReadCloser, error) { return e.open(l.file), nil }
	if own.Type == stereofile.TypeHardLink {
		if target := t.linkTarget(own); target != nil {
			metadata = bind(own, target.Metadata)
			opener = t.openers[target.ID()]
		}
	}
	ref, err := t.builder.Add(metadata)
	if err != nil && metadata.Type != own.Type {
		// What the link names conflicts with what is at its own path already: keep
		// it as the bare link that its header says.
		opener = func() (io.ReadCloser, error) { return e.open(l.file), nil }
		ref, err = t.builder.Add(own)
	}
	if err != nil {
		return fmt.Errorf("add %.200q: %w", e.Name, err)
	}
	t.openers[ref.ID()] = opener
	t.files.AssociateLayer(*ref, t.layer)
	t.files.AssociateOpener(*ref, opener)
	return nil
}

// replace removes what an earlier member put at the path: extraction applies
// members in order, and the later one wins.
func (t *layerTree) replace(m stereofile.Metadata) error {
	p := stereofile.Path(m.Path).Normalize()
	existing := t.node(p)
	if existing == nil || p == "/" || (existing.FileType == stereofile.TypeDirectory && m.Type == stereofile.TypeDirectory) {
		return nil
	}
	if len(t.tree.TreeReader().Children(existing)) > 0 {
		return nil
	}
	for _, above := range p.ConstituentPaths() {
		n := t.node(above)
		if n == nil || n.FileType != stereofile.TypeDirectory {
			return nil
		}
	}
	if err := t.tree.RemovePath(p); err != nil {
		return err
	}
	if existing.Reference == nil {
		return nil
	}
	if index, ok := t.files.Index.(interface{ Remove(r stereofile.Reference) }); ok {
		index.Remove(*existing.Reference)
	}
	delete(t.openers, existing.Reference.ID())
	return nil
}

func (t *layerTree) node(p stereofile.Path) *filenode.FileNode {
	n, _ := t.tree.TreeReader().Node(filenode.IDByPath(p)).(*filenode.FileNode)
	return n
}

// linkTarget finds the file of this layer that a hard link is another name of.
func (t *layerTree) linkTarget(m stereofile.Metadata) *filetree.IndexEntry {
	p := stereofile.Path(path.Clean("/" + m.LinkDestination))
	if m.LinkDestination == "" || p == "/" {
		return nil
	}
	exists, resolution, err := t.tree.File(p)
	if err != nil || !exists || resolution == nil || resolution.Reference == nil {
		return nil
	}
	target, err := t.files.Get(*resolution.Reference)
	if err != nil || target.Type == stereofile.TypeDirectory || target.Type == stereofile.TypeHardLink || t.openers[target.ID()] == nil {
		return nil
	}
	return &target
}

// bind describes a hard link as the file that it names, with its own permissions
// and times.
func bind(link, target stereofile.Metadata) stereofile.Metadata {
	bound := link
	bound.FileInfo = stereofile.ManualInfo{
		NameValue: path.Base(link.Path), SizeValue: target.Size(),
		ModeValue: link.Mode()&^fs.ModeType | target.Mode()&fs.ModeType, ModTimeValue: link.ModTime(), SysValue: link.Sys(),
	}
	bound.MIMEType = target.MIMEType
	bound.Type = target.Type
	bound.LinkDestination = target.LinkDestination
	return bound
}

// metadata describes the member as its header does.
func (e entry) metadata() stereofile.Metadata {
	header := tar.Header{
		Name: e.Name, Linkname: e.Link, Typeflag: e.Type, Mode: e.Mode, Uid: e.UID, Gid: e.GID, Size: e.Size, ModTime: e.Modified,
	}
	return stereofile.Metadata{
		FileInfo: header.FileInfo(), Path: path.Clean("/" + e.Name), LinkDestination: e.Link,
		UserID: e.UID, GroupID: e.GID, Type: stereofile.TypeFromTarType(e.Type), MIMEType: e.MIME,
	}
}

// open reads the member's content out of the archive; its reader can also seek
// and read at any place, which spares syft a copy of each program.
func (e entry) open(archive io.ReaderAt) io.ReadCloser {
	return section{io.NewSectionReader(archive, e.Offset, e.Size)}
}

type section struct{ *io.SectionReader }

// Close implements io.Closer; the archive is closed with its image.
func (section) Close() error { return nil }
