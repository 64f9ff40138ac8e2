package inventory

// ImageUses tells by digest how the cluster uses each image that its containers
// name, also those that could not be read.
func (s *Snapshot) ImageUses() map[string]ImageUse {
	uses := map[string]ImageUse{}
	for _, w := range s.Workloads {
		running := map[string]int{} // a pod may have several containers of one image
		for _, c := range w.Containers {
			if c.Digest == "" {
				continue
			}
			running[c.Digest] = max(running[c.Digest], c.Running)
			if _, ok := uses[c.Digest]; !ok {
				uses[c.Digest] = ImageUse{Cluster: s.Cluster.Ref, Reference: c.Reference}
			}
		}
		for digest, n := range running {
			u := uses[digest]
			if u.Running == 0 && n > 0 {
				u.Workloads = nil // those before only name it
			}
			if (n > 0 || u.Running == 0) && len(u.Workloads) < MaxUseWorkloads {
				u.Workloads = append(u.Workloads, WorkloadRef{Namespace: w.Namespace, Kind: w.Kind, Name: w.Name})
			}
			u.Running += n
			uses[digest] = u
		}
	}
	for _, im := range s.Images {
		if u, ok := uses[im.Digest]; ok && im.Addon != "" {
			u.Addon = im.Addon
			uses[im.Digest] = u
		}
	}
	return uses
}
