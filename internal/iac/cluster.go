package iac

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// cluster changes what makes the cluster, and its node groups and add-ons.
func (b *bench) cluster() error {
	t := b.terraform()
	found := slices.Concat(t.found, b.eksctl())
	slices.SortStableFunc(found, func(a, c cluster) int { return strings.Compare(a.file.name, c.file.name) })
	switch len(found) {
	case 0:
		return b.missing(t.missed)
	case 1:
	default:
		places := make([]string, len(found))
		for i, c := range found {
			places[i] = fmt.Sprintf("%s:%d: %s", c.file.name, c.line, c.title)
		}
		return fmt.Errorf("cluster %q is in the folder %d times; name the file that is meant: %s: %w", b.wish.Cluster.Name, len(found), strings.Join(places, ", "), fault.ErrConflict)
	}
	found[0].apply()
	t.parts()
	return nil
}

// missing says that the cluster is not there, and where it may be.
func (b *bench) missing(missed []Left) error {
	b.left = missed
	for _, f := range b.files {
		if f.unread != "" && b.looksIn(f) && strings.Contains(string(f.text), b.wish.Cluster.Name) {
			b.left = append(b.left, Left{f.name, 1, f.name, "it names the cluster, and " + f.unread})
		}
	}
	return fmt.Errorf("cluster %q is not in the folder, as an aws_eks_cluster, a module terraform-aws-modules/eks or a ClusterConfig of eksctl, with a name that the files tell: %w", b.wish.Cluster.Name, fault.ErrNotFound)
}
