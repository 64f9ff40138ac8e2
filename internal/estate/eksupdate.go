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
	return []operation{
		post("UpdateClusterConfig", "/clusters/{name}/update-config", e.updateClusterConfig),
		post("AssociateEncryptionConfig", "/clusters/{name}/encryption-config/associate", e.associateEncryption),
	}
}

// settle ends the updates whose time has come.
func (e *Estate) settle() {
	e.world.RLock()
	idle := len(e.updating) == 0
	e.world.RUnlock()
	if idle {
		return
	}
	e.world.Lock()
	defer e.world.Unlock()
	e.updating = slices.DeleteFunc(e.updating, func(cl *Cluster) bool { return cl.settle(e.now()) })
}

// Finish ends the updates under way, as if their time had come.
func (e *Estate) Finish() {
	e.world.Lock()
	defer e.world.Unlock()
	e.updating = slices.DeleteFunc(e.updating, func(cl *Cluster) bool { return cl.settle(e.now().Add(e.updateTime)) })
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
			return false
		case len(u.Errors) > 0:
			u.Status = "Failed"
		default:
			u.Status = "Successful"
			u.apply(cl)
		}
		cl.Status = "ACTIVE"
	}
	return true
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

// start begins an update. One update of a cluster goes on at a time.
func (e *Estate) start(cl *Cluster, kind, token string, params map[string]string, apply func(*Cluster)) (any, error) {
	for _, u := range cl.Updates {
		if u.Status == inProgress {
			return nil, &apiError{
				Code: "ResourceInUseException", Status: http.StatusConflict, Fields: map[string]any{"clusterName": cl.Name},
				Message: fmt.Sprintf("Cannot %s because cluster %s currently has update %s in progress", kind, cl.Name, u.ID),
			}
		}
	}
	u := Update{
		ID: stableUUID(randomText(16)), Type: kind, Status: inProgress, CreatedAt: e.now(), Params: params, done: e.now().Add(e.updateTime), apply: apply,
	}
	if len(cl.Failing) > 0 {
		u.Errors, cl.Failing = cl.Failing[:1], cl.Failing[1:]
	}
	if cl.tokens == nil {
		cl.tokens = map[string]string{}
	}
	cl.tokens[token] = u.ID
	cl.Updates, cl.Status, e.updating = append(slices.Clone(cl.Updates), u), "UPDATING", append(e.updating, cl)
	return map[string]any{"update": u.show()}, nil
}

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
		return e.start(cl, "UpgradePolicyUpdate", in.Token, map[string]string{"UpgradePolicy": in.Policy.SupportType}, func(cl *Cluster) { cl.SupportType = in.Policy.SupportType })
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
	return e.start(cl, "EndpointAccessUpdate", in.Token, params, func(cl *Cluster) { cl.Public, cl.Private, cl.PublicCIDRs = public, private, cidrs })
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
	key := in.Config[0].Provider.KeyARN
	if err := e.usableKey(ctx, c, key); err != nil {
		return nil, err
	}
	if len(cl.Encryption) > 0 {
		return nil, invalid("Encryption is already enabled for the cluster " + cl.Name)
	}
	params := map[string]string{"EncryptionConfig": `[{"resources":["secrets"],"provider":{"keyArn":"` + key + `"}}]`}
	return e.start(cl, "AssociateEncryptionConfig", in.Token, params, func(cl *Cluster) {
		cl.Encryption = []Encryption{{Resources: []string{"secrets"}, KeyARN: key}}
	})
}

// usableKey looks at a key in the caller's name and makes a grant on it, as EKS
// does: the caller needs both rights.
func (e *Estate) usableKey(ctx context.Context, c *call, arn string) error {
	for _, action := range []string{"kms:DescribeKey", "kms:CreateGrant"} {
		op := operation{action: action, resource: func(*call) string { return arn }}
		if err := op.denied(e.services["eks"], c); err != nil {
			return err
		}
	}
	asked := *c
	asked.body = fmt.Appendf(nil, `{"KeyId":%q}`, arn)
	out, err := e.describeKey(ctx, &asked)
	if err != nil {
		return invalid("Failed to use KMS key " + arn + ": " + err.Error())
	}
	metadata, _ := out.(map[string]any)["KeyMetadata"].(map[string]any)
	if metadata["KeyState"] != "Enabled" {
		return invalid(fmt.Sprintf("KMS key %s is not enabled: %v", arn, metadata["KeyState"]))
	}
	return nil
}
