package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/eksposure/eksposure/internal/exposure"
)

// pathDrawing is the attack path laid out for a drawing: nodes in columns from
// the entry point to the right.
type pathDrawing struct {
	Width, Height int
	Nodes         []drawnNode
	Edges         []drawnEdge
	Left          int
	Text          string // the same as a tree, for readers who do not see the drawing
}

type drawnNode struct {
	X, Y, W, H   int
	Kind, Name   string
	Full, Traits string
	Short        string // Traits, cut to fit
	Weak, Entry  bool
}

type drawnEdge struct {
	X1, Y1, X2, Y2 int
	Bend1, Bend2   int // the x of the curve's control points
	Relation       string
	LabelX, LabelY int
}

// The measures of the drawing, in pixels.
const (
	nodeWidth  = 184
	nodeHeight = 58
	columnGap  = 84
	rowGap     = 20
	drawMargin = 8
	boxWidth   = nodeWidth - 24 // what text has of a node
	nameSize   = 11.5           // of the letters, as page.css has it
	whySize    = 10.5
	// labelHeight is how far a curve of this shape has come at three quarters of
	// its way, where curves into the same node are still apart.
	labelHeight = 0.84
)

// drawPath lays the path out. A node's column is its longest distance from an
// entry point; a cycle ends at the number of nodes.
func drawPath(f *exposure.Finding) pathDrawing {
	p := f.Path
	d := pathDrawing{Left: p.Left, Text: strings.Join(pathLines(f), "\n")}
	if len(p.Edges) == 0 {
		return pathDrawing{}
	}
	column := map[string]int{}
	for range p.Nodes {
		for _, e := range p.Edges {
			if c := column[e.From] + 1; c > column[e.To] && c < len(p.Nodes) {
				column[e.To] = c
			}
		}
	}
	rows := map[int]int{}
	at := map[string]drawnNode{}
	for _, n := range order(p, column) {
		c := column[n.ID]
		node := drawnNode{
			X: drawMargin + c*(nodeWidth+columnGap), Y: drawMargin + rows[c]*(nodeHeight+rowGap), W: nodeWidth, H: nodeHeight,
			Kind: kindWords(n.Type), Name: fitMiddle(n.Name), Full: n.Name, Traits: strings.Join(shorts(f, n.Traits), ", "),
			Weak: len(n.Traits) > 0, Entry: n.Type == exposure.NodeInternet,
		}
		node.Short = fitEnd(node.Traits)
		rows[c]++
		at[n.ID] = node
		d.Width, d.Height = max(d.Width, node.X+nodeWidth+drawMargin), max(d.Height, node.Y+nodeHeight+drawMargin)
	}
	for id, n := range at {
		n.Y += (d.Height - 2*drawMargin - rows[column[id]]*(nodeHeight+rowGap) + rowGap) / 2
		at[id] = n
	}
	for _, n := range p.Nodes {
		d.Nodes = append(d.Nodes, at[n.ID])
	}
	for _, e := range p.Edges {
		from, to := at[e.From], at[e.To]
		edge := drawnEdge{X1: from.X + nodeWidth, Y1: from.Y + nodeHeight/2, X2: to.X - 6, Y2: to.Y + nodeHeight/2, Relation: strings.ToLower(e.Relation)}
		bend := max(columnGap/2, (edge.X2-edge.X1)/2)
		edge.Bend1, edge.Bend2 = edge.X1+bend, edge.X2-bend
		edge.LabelX, edge.LabelY = edge.X1+(edge.X2-edge.X1)*3/4-6, edge.Y1+int(labelHeight*float64(edge.Y2-edge.Y1))-6
		d.Edges = append(d.Edges, edge)
	}
	return d
}

// order sorts the nodes by column, and within one by the mean row of those that
// lead to them, so that few edges cross.
func order(p exposure.AttackPath, column map[string]int) []exposure.PathNode {
	var ordered []exposure.PathNode
	row := map[string]float64{}
	for c := range len(p.Nodes) {
		var here []exposure.PathNode
		mean := map[string]float64{}
		for _, n := range p.Nodes {
			if column[n.ID] != c {
				continue
			}
			here = append(here, n)
			sum, count := 0.0, 0
			for _, e := range p.Edges {
				if e.To == n.ID {
					sum += row[e.From]
					count++
				}
			}
			mean[n.ID] = sum / float64(max(count, 1))
		}
		slices.SortStableFunc(here, func(a, b exposure.PathNode) int { return cmp.Compare(mean[a.ID], mean[b.ID]) })
		for i, n := range here {
			row[n.ID] = float64(i)
		}
		ordered = append(ordered, here...)
	}
	return ordered
}

// kindWords names a node's type for a reader.
func kindWords(t string) string {
	switch t {
	case exposure.NodeInternet:
		return "Entry point"
	case exposure.NodeNetworkPath:
		return "Network path"
	}
	parts := strings.Split(t, "::")
	if parts[0] == "AWS" && len(parts) == 3 {
		return strings.TrimSuffix(parts[1], "V2") + " " + parts[2]
	}
	return parts[len(parts)-1]
}

// fitMiddle cuts the middle out of a name that is too wide: both ends tell most.
func fitMiddle(s string) string {
	r := []rune(s)
	for cut := 1; textWidth(s, nameSize) > boxWidth && cut < len(r); cut++ {
		head := (len(r) - cut + 1) / 2
		s = string(r[:head]) + "…" + string(r[head+cut:])
	}
	return s
}

// fitEnd cuts the end of traits that are too wide.
func fitEnd(s string) string {
	r := []rune(s)
	for cut := 1; textWidth(s, whySize*boldness) > boxWidth && cut < len(r); cut++ {
		s = strings.TrimRight(string(r[:len(r)-cut]), " ,") + "…"
	}
	return s
}

// boldness is how much wider the traits' letters are than plain ones.
const boldness = 1.1

// textWidth is how wide text may come out, in pixels. A page cannot know its
// reader's font, so that the widths are those of DejaVu Sans, the widest of those
// that page.css names.
func textWidth(s string, size float64) float64 {
	em := 0.0
	for _, r := range s {
		switch {
		case strings.ContainsRune("fijlIrt.,:;|!'()[]/- ", r):
			em += 0.41
		case strings.ContainsRune("mwMW@%—…", r):
			em += 1
		case r >= 0x1100:
			em += 1.05 // East Asian letters are square
		case unicode.IsUpper(r):
			em += 0.74
		default:
			em += 0.64
		}
	}
	return em * size
}
