package estate

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxCIDRs is the quota of public endpoint access ranges (AWS General Reference,
// "Amazon EKS endpoints and quotas").
const maxCIDRs = 40

func (e *Estate) eksUpdates() []operation {
	post := func(name, path string, handle func(context.Context, *call) (any, error)) operation {
		return operation{
			service: "eks", name: name, method: http.MethodPost, path: path, action: "eks:" + name, resource: (*call).clusterARN, handle: handle, changes: true,
		}
	}
	part := func(name, kind, path string, handle func(context.Context, *call) (any, error)) operation {
		op := post(name, path, handle)
		op.resource = func(c *call) string { return c.eksARN(kind, c.path["name"], c.path["part"]) }
		return op
	}
	return []operation{
		post("UpdateClusterVersion", "/clusters/{name}/updates", e.updateClusterVersion),
		part("UpdateNodegroupVersion", "nodegroup", "/clusters/{name}/node-groups/{part}/update-version", e.updateNodegroupVersion),
		part("UpdateAddon", "addon", "/clusters/{name}/addons/{part}/update", e.updateAddon),
		post("UpdateClusterConfig", "/clusters/{name}/update-config", e.updateClusterConfig),
		post("AssociateEncryptionConfig", "/clusters/{name}/encryption-config/associate", e.associateEncryption),
	}
}

// settle ends the updates and deletions whose time has come.
func (e *Estate) settle() {
	e.world.RLock()
	idle := len(e.updating)+len(e.removing)+len(e.rolling) == 0
	e.world.RUnlock()
	if idle {
		return
	}
	e.world.Lock()
	defer e.world.Unlock()
	e.updating = slices.DeleteFunc(e.updating, func(cl *Cluster) bool { return cl.settle(e.now()) })
	e.bury(e.now())
	e.roll(e.now())
}

// Finish ends the updates, deletions and rollouts under way, as if their time had come.
func (e *Estate) Finish() {
	e.world.Lock()
	defer e.world.Unlock()
	e.updating = slices.DeleteFunc(e.updating, func(cl *Cluster) bool { return cl.settle(e.now().Add(e.updateTime)) })
	e.bury(e.now().Add(e.updateTime))
	e.roll(e.now().Add(e.updateTime))
}

// settle ends the update that works on the cluster when its time has come, and
// reports whether none is left.
func (cl *Cluster) settle(now time.Time) bool {
	for i := range cl.Updates {
		u := &cl.Updates[i]
		switch {
		case u.Status != inProgress || u.apply == nil:
			continue
		case now.Before(u.done):
			continue
		case len(u.Errors) > 0:
			u.Status = "Failed"
		default:
			u.Status = "Successful"
			u.apply(cl)
		}
		cl.mark(*u)
	}
	return !slices.ContainsFunc(cl.Updates, func(u Update) bool { return u.Status == inProgress && u.apply != nil })
}

// mark gives what an update is of the status that goes with it.
func (cl *Cluster) mark(u Update) {
	for i := range cl.NodeGroups {
		if u.NodeGroup != "" && cl.NodeGroups[i].Name == u.NodeGroup {
			cl.NodeGroups[i].Status = statusOf(u, "ACTIVE")
		}
	}
	for i := range cl.Addons {
		if u.Addon != "" && cl.Addons[i].Name == u.Addon {
			cl.Addons[i].Status = statusOf(u, "UPDATE_FAILED")
		}
	}
	if !u.ofPart() {
		cl.Status = statusOf(u, "ACTIVE")
	}
}

func statusOf(u Update, failed string) string {
	switch u.Status {
	case inProgress:
		return "UPDATING"
	case "Failed":
		return failed
	}
	return "ACTIVE"
}

// inProgress is EKS's word for an update that is not done.
const inProgress = "InProgress"

// begun gives the update that a token began before; false when none did.
func (cl *Cluster) begun(token string) (any, bool) {
	for _, u := range cl.Updates {
		if token != "" && u.ID == cl.tokens[token] {
			return map[string]any{"update": u.show()}, true
		}
	}
	return nil, false
}

// start begins an update. The cluster, or one part of it, has one at a time, and none
// while the cluster itself has one.
func (e *Estate) start(cl *Cluster, token string, u Update) (any, error) {
	for _, other := range cl.Updates {
		if other.Status == inProgress && (!u.ofPart() || !other.ofPart() || u.NodeGroup == other.NodeGroup && u.Addon == other.Addon) {
			return nil, &apiError{
				Code: "ResourceInUseException", Status: http.StatusConflict, Fields: map[string]any{"clusterName": cl.Name},
				Message: fmt.Sprintf("Cannot %s because cluster %s currently has update %s in progress", u.Type, cl.Name, other.ID),
			}
		}
	}
	u.ID, u.Status, u.CreatedAt, u.done = stableUUID(randomText(16)), inProgress, e.now(), e.now().Add(e.updateTime)
	if len(cl.Failing) > 0 {
		u.Errors, cl.Failing = cl.Failing[:1], cl.Failing[1:]
	}
	if cl.tokens == nil {
		cl.tokens = map[string]string{}
	}
	cl.tokens[token] = u.ID
	cl.Updates, e.updating = append(slices.Clone(cl.Updates), u), append(e.updating, cl)
	cl.mark(u)
	return map[string]any{"update": u.show()}, nil
}

// ofPart tells an update of a node group or an add-on.
func (u Update) ofPart() bool { return u.NodeGroup != "" || u.Addon != "" }

// updateClusterConfig takes one kind of change at a time, as EKS does; of those,
// who reaches the endpoint and the upgrade policy are simulated.
func (e *Estate) updateClusterConfig(_ context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	var in struct {
		VPC *struct {
			Public  *bool    `json:"endpointPublicAccess"`
			Private *bool    `json:"endpointPrivateAccess"`
			CIDRs   []string `json:"publicAccessCidrs"`
		} `json:"resourcesVpcConfig"`
		Policy *struct {
			SupportType string `json:"supportType"`
		} `json:"upgradePolicy"`
		Token string `json:"clientRequestToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if update, ok := cl.begun(in.Token); ok {
		return update, nil
	}
	switch {
	case in.VPC != nil && in.Policy != nil:
		return nil, invalid("Only one type of update can be allowed.")
	case in.Policy != nil:
		if in.Policy.SupportType == cmp.Or(cl.SupportType, "EXTENDED") {
			return nil, invalid("Cluster is already at the desired configuration with supportType: " + cl.SupportType)
		}
		if in.Policy.SupportType != "STANDARD" && in.Policy.SupportType != "EXTENDED" {
			return nil, invalid("Invalid supportType: " + in.Policy.SupportType)
		}
		if e.support(cl.Version) != "STANDARD_SUPPORT" {
			return nil, &apiError{
				Code: "InvalidRequestException", Status: http.StatusBadRequest,
				Message: "The upgrade policy of cluster " + cl.Name + " cannot be changed, as its version " + cl.Version + " is not in standard support",
			}
		}
		return e.start(cl, in.Token, Update{
			Type: "UpgradePolicyUpdate", Params: map[string]string{"UpgradePolicy": in.Policy.SupportType}, apply: func(cl *Cluster) { cl.SupportType = in.Policy.SupportType },
		})
	case in.VPC == nil:
		return nil, invalid("No changes needed for the cluster")
	}
	public, private, cidrs := cl.Public, cl.Private, cl.PublicCIDRs
	if in.VPC.Public != nil {
		public = *in.VPC.Public
	}
	if in.VPC.Private != nil {
		private = *in.VPC.Private
	}
	if in.VPC.CIDRs != nil {
		cidrs = in.VPC.CIDRs
	}
	if err := cl.checkEndpoint(public, private, cidrs); err != nil {
		return nil, err
	}
	if public == cl.Public && private == cl.Private && slices.Equal(cidrs, cl.PublicCIDRs) {
		return nil, invalid(fmt.Sprintf("Cluster is already at the desired configuration with endpointPrivateAccess: %t , endpointPublicAccess: %t, and Public Endpoint Restrictions: [%s]",
			private, public, strings.Join(cidrs, ", ")))
	}
	params := map[string]string{
		"EndpointPublicAccess": strconv.FormatBool(public), "EndpointPrivateAccess": strconv.FormatBool(private), "PublicAccessCidrs": `["` + strings.Join(cidrs, `","`) + `"]`,
	}
	k := e.kube[c.clusterARN()]
	return e.start(cl, in.Token, Update{Type: "EndpointAccessUpdate", Params: params, apply: func(cl *Cluster) {
		cl.Public, cl.Private, cl.PublicCIDRs = public, private, cidrs
		k.beat()
	}})
}

func (cl *Cluster) checkEndpoint(public, private bool, cidrs []string) error {
	if !public && !private {
		return invalid("Private and public endpoint access cannot be false")
	}
	if len(cidrs) > maxCIDRs {
		return invalid(fmt.Sprintf("The number of CIDRs in publicAccessCidrs exceeds the limit of %d", maxCIDRs))
	}
	var bad []string
	for _, text := range cidrs {
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Addr().Is6() && !cl.IPv6 || p.Addr().IsPrivate() || p.Addr().IsLoopback() {
			bad = append(bad, text)
		}
	}
	if len(bad) > 0 {
		return invalid("The following CIDRs are invalid in publicAccessCidrs: [" + strings.Join(bad, ", ") + "]")
	}
	return nil
}

// associateEncryption encrypts secrets with a key, once and for good.
func (e *Estate) associateEncryption(ctx context.Context, c *call) (any, error) {
	cl, err := c.cluster()
	if err != nil {
		return nil, err
	}
	var in struct {
		Config []struct {
			Resources []string `json:"resources"`
			Provider  struct {
				KeyARN string `json:"keyArn"`
			} `json:"provider"`
		} `json:"encryptionConfig"`
		Token string `json:"clientRequestToken"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Config) != 1 || !slices.Equal(in.Config[0].Resources, []string{"secrets"}) {
		return nil, invalid("Encryption config must have one entry for the resource secrets")
	}
	if update, ok := cl.begun(in.Token); ok {
		return update, nil
	}
	key, err := e.usableKey(ctx, c, in.Config[0].Provider.KeyARN)
	if err != nil {
		return nil, err
	}
	if len(cl.Encryption) > 0 {
		return nil, invalid("Encryption is already enabled for the cluster " + cl.Name)
	}
	params := map[string]string{"EncryptionConfig": `[{"resources":["secrets"],"provider":{"keyArn":"` + key + `"}}]`}
	return e.start(cl, in.Token, Update{Type: "AssociateEncryptionConfig", Params: params, apply: func(cl *Cluster) {
		cl.Encryption = []Encryption{{Resources: []string{"secrets"}, KeyARN: key}}
	}})
}

// usableKey looks at a key in the caller's name and makes a grant on it, as EKS
// does: the caller needs both rights. An alias stands for its key, whose ARN it gives.
func (e *Estate) usableKey(ctx context.Context, c *call, arn string) (string, error) {
	for _, action := range []string{"kms:DescribeKey", "kms:CreateGrant"} {
		op := operation{action: action, resource: func(*call) string { return arn }}
		if err := op.denied(e.services["eks"], c); err != nil {
			return "", err
		}
	}
	asked := *c
	asked.body = fmt.Appendf(nil, `{"KeyId":%q}`, arn)
	out, err := e.describeKey(ctx, &asked)
	if err != nil {
		return "", invalid("Failed to use KMS key " + arn + ": " + err.Error())
	}
	metadata, _ := out.(map[string]any)["KeyMetadata"].(map[string]any)
	if metadata["KeyState"] != "Enabled" {
		return "", invalid(fmt.Sprintf("KMS key %s is not enabled: %v", arn, metadata["KeyState"]))
	}
	used, _ := metadata["Arn"].(string)
	return used, nil
}
