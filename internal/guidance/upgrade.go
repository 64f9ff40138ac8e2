package guidance

import (
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Target is the version that an upgrade ends with; empty when it is not known.
func (d *data) Target() string {
	if len(d.Path) == 0 {
		return ""
	}
	return d.Path[len(d.Path)-1]
}

// Newest is the newest version in standard support that is known; empty when none is.
func (d *data) Newest() string {
	var newest inventory.KubernetesVersion
	name := ""
	for _, v := range d.Calendar {
		if k, err := inventory.ParseKubernetesVersion(v.Version); err == nil && v.Status == "STANDARD_SUPPORT" && k.Compare(newest) > 0 {
			newest, name = k, v.Version
		}
	}
	return name
}

// Policy tells whether the upgrade policy can be set to STANDARD at the end of an upgrade: EKS takes
// it only while the version is in standard support.
func (d *data) Policy() bool { return d.SupportType != "STANDARD" && d.standard(d.Target()) }

// PolicyNow tells whether that is so after the first step.
func (d *data) PolicyNow() bool { return d.Policy() && len(d.Path) == 1 }

func (d *data) standard(version string) bool {
	for _, v := range d.Calendar {
		if v.Version == version {
			return v.Status == "STANDARD_SUPPORT"
		}
	}
	return false
}

// NoRollback says why EKS does not roll the last step of an upgrade back; empty when it does, or
// when the versions are not known.
func (d *data) NoRollback() string {
	if len(d.Calendar) == 0 || len(d.Path) == 0 {
		return ""
	}
	return exposure.NoRollback(previous(d), d.Calendar, d.SupportType)
}

// Lost are the versions on the way from which EKS does not roll back, but the last.
func (d *data) Lost() []string {
	var list []string
	from := d.Version
	for i, v := range d.Path {
		if i < len(d.Path)-1 && len(d.Calendar) > 0 && exposure.NoRollback(from, d.Calendar, d.SupportType) != "" {
			list = append(list, v)
		}
		from = v
	}
	return list
}

// remedy is what an option is like for this cluster.
func (d *data) remedy(o exposure.Option) exposure.Remedy {
	if o.ID == "upgrade" && d.NoRollback() != "" {
		o.Remedy.Reversibility, o.Remedy.Limit = exposure.Irreversible, d.NoRollback()
	}
	return o.Remedy
}

// idle tells that an option would change nothing: that nodes follow a control plane whose version
// all of them have.
func (d *data) idle() bool {
	return d.File == "nodes" && d.Current && len(d.Nodes) == 0 && len(behind(d)) == 0 && len(ending(d)) == 0
}
