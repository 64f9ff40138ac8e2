package cli

import (
	"fmt"
	"sync"

	"github.com/eksposure/eksposure/internal/scan"
)

// progress shows where a scan is: one line that is overwritten, on a terminal only.
type progress struct {
	r    *runner
	mu   sync.Mutex
	on   bool
	dirt bool
}

func (r *runner) progress() *progress {
	_, width := r.terminal(r.Err)
	return &progress{r: r, on: width > 0}
}

// show is given to the scanner.
func (p *progress) show(s scan.Progress) {
	switch {
	case s.Step == scan.StepDiscovering:
		p.line("discovering clusters …")
	case s.Total > 0:
		p.line(fmt.Sprintf("[%d/%d] %s: %s", s.Done, s.Total, s.Cluster.Name, s.Step))
	default:
		p.line(fmt.Sprintf("%s: %s", s.Cluster.Name, s.Step))
	}
}

// changes gives a function that tells each text that is another than the one before: in
// place on a terminal, else on a line of its own. An empty one is not told.
func (p *progress) changes() func(text string) {
	last := ""
	return func(text string) {
		switch {
		case text == "" || text == last:
			return
		case p.on:
			p.line(text)
		default:
			_, _ = fmt.Fprintln(p.r.Err, text)
		}
		last = text
	}
}

func (p *progress) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.on {
		return
	}
	_, width := p.r.terminal(p.r.Err)
	if runes := []rune(text); len(runes) > width-1 {
		text = string(runes[:max(0, width-1)])
	}
	_, _ = fmt.Fprint(p.r.Err, "\r\x1b[K"+text)
	p.dirt = true
}

// clear removes the line before something else is written.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dirt {
		_, _ = fmt.Fprint(p.r.Err, "\r\x1b[K")
		p.dirt = false
	}
}
