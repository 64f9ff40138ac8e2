package guidance

import (
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// WantPublic tells whether the public endpoint is on after the change.
func (d *data) WantPublic() bool {
	if d.File != "endpoint" {
		return d.Public
	}
	return d.Option != "private"
}

// WantPrivate is false only where the public endpoint alone is kept.
func (d *data) WantPrivate() bool {
	switch d.File {
	case "prefix-list":
		return true
	case "endpoint":
		return d.Option != "public" || d.Private
	}
	return d.Private
}

// Outside tells that nodes must be let in through the public endpoint.
func (d *data) Outside() bool { return d.Option == "public" && !d.Private }

// PrivateFirst tells that the private endpoint has to be turned on before all else.
func (d *data) PrivateFirst() bool { return d.WantPrivate() && !d.Private }

// Opened is the cluster on the way back from a change of its endpoint: everybody of before is let
// in again, and the private endpoint is as the change left it, so that no node is cut off.
func (d *data) Opened() *data {
	o := *d
	o.File, o.Option = "", ""
	o.Public, o.Private, o.Ranges = true, d.WantPrivate(), d.former()
	return &o
}

// Former is the cluster at the end of that way, where the private endpoint has to be turned off
// for it; nil where it stays, or where it is not known what was.
func (d *data) Former() *data {
	if d.Endpoint == nil || !d.PrivateFirst() {
		return nil
	}
	f := d.Opened()
	f.Private = false
	return f
}

// former are the ranges that the public endpoint lets in before a change.
func (d *data) former() []string {
	switch {
	case d.Endpoint == nil:
		return []string{ask("FORMER_CIDR")}
	case len(d.Ranges) == 0:
		return endpoint.DefaultCIDRs(&inventory.Cluster{Network: d.Network})
	}
	return d.Ranges
}
